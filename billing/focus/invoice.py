"""The invoice lines of FOCUS 1.4, from the bill's own amounts: the rows have to add up to them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from billing.bill import Line
from billing.catalog import Catalog
from billing.changes import Change
from billing.focus.names import invoice_detail_id, invoice_id
from billing.focus.rows import Row, of_usage
from billing.hours import Month
from billing.money import exact
from billing.statement import Statement

IDENTITY = (
    "BillingAccountId BillingCurrency BillingPeriodEnd BillingPeriodStart ChargeCategory InvoiceDetailId InvoiceId "
    "InvoiceIssuerName"
).split()


def details(statement: Statement, catalog: Catalog, corrections: Sequence[Change], rows: Sequence[Row]) -> list[Row]:
    """A line for each InvoiceDetailId that the rows name; what it comes to is the bill's."""
    amounts = _amounts(statement, catalog, corrections)
    of_id = {row["InvoiceDetailId"]: row for row in reversed(rows)}
    status = "Issued" if statement.state == "final" else "Open"
    return [
        {name: row[name] for name in IDENTITY}
        | {
            "BilledCost": amounts[detail],
            "InvoiceDetailCreated": statement.month.start,
            "InvoiceDetailDescription": row["ServiceName"],
            "InvoiceDetailLastUpdated": statement.as_of,
            "InvoiceIssueStatus": status,
            "PaymentTerms": "Not stated",
            "ReferenceInvoiceId": invoice_id(
                row["BillingAccountId"], Month.of(row["ChargePeriodStart"]), row["BillingCurrency"]
            ),
        }
        for detail, row in sorted(of_id.items())
    ]


def _first_invoice(row: Row) -> str:
    """The one of the month of use; a correction is on a later one."""
    return invoice_id(row["BillingAccountId"], Month.of(row["ChargePeriodStart"]), row["BillingCurrency"])


@exact
def _amounts(statement: Statement, catalog: Catalog, corrections: Sequence[Change]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in statement.lines:
        for category, amount in _parts(line):
            sums[invoice_detail_id(statement.month, line, category, statement.month, None)] += amount
    for change in corrections:
        if of_usage(statement.book, catalog, change):
            parts = [(category, -amount) for category, amount in _parts(change.before)]
            parts += _parts(change.after)
        else:
            parts = [("Adjustment", change.amount)]
        for category, amount in parts:
            sums[invoice_detail_id(statement.month, change.line, category, change.month, change.cause)] += amount
    return sums


def _parts(line: Line | None) -> Iterator[tuple[str, Decimal]]:
    if line is not None and line.committed_amount is not None and line.on_demand_amount is not None:
        yield "Purchase", line.committed_amount
        yield "Usage", line.on_demand_amount
