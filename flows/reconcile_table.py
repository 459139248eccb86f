"""The vendor's bill beside ours, for people: what the differences come to by class, then the lines that differ."""

from decimal import Decimal

from rich.table import Table
from rich.text import Text

from billing.hours import iso
from billing.money import round_money
from billing.reconciling.difference import UNEXPLAINED, Cause, Difference
from flows.reconcile import Reconciled

AMOUNT = 15


def tables(done: Reconciled) -> list[Table | Text]:
    """Fits 80 columns."""
    bill = done.bill
    title = f"{bill.month}, hours before {iso(bill.as_of)}, {bill.state}: vendor's less ours"
    differing = [line for line in done.lines if line.causes]
    notes = [Text(_why(line, one), style="red" if one.cause == UNEXPLAINED else "") for line, one in _causes(differing)]
    if not differing:
        return [_sums(title, done), Text("No line differs.")]
    return [_sums(title, done), Text(), _lines(differing), Text(), *notes]


def _sums(title: str, done: Reconciled) -> Table:
    table = _table(title, [("", 16), ("amount", AMOUNT), ("", 3)])
    for sums in done.sums:
        currency = sums["currency"]
        rows = [("ours", sums["ours"]), *((one["class"], one["amount"]) for one in sums["causes"])]
        for name, amount in [*rows, ("the vendor's", sums["vendor"])]:
            table.add_row(name, _amount(Decimal(amount), currency), currency)
    return table


def _lines(differing: list[Difference]) -> Table:
    columns = [
        ("customer, org", 14),
        ("meter, product", 17),
        ("ours", 14),
        ("vendor", 14),
        ("difference", 13),
        ("", 3),
    ]
    table = _table("Lines that differ", columns)
    for line in differing:
        amounts = (_amount(amount, line.currency) for amount in (line.ours, line.vendor, line.amount))
        table.add_row(_who(line), line.meter or line.product, *amounts, line.currency)
    return table


def _causes(differing: list[Difference]) -> list[tuple[Difference, Cause]]:
    return [(line, one) for line in differing for one in line.causes]


def _why(line: Difference, one: Cause) -> str:
    amount = f"{_amount(one.amount, line.currency)} {line.currency}"
    return f"{_who(line)} {line.meter or line.product}, {one.cause} {amount}: {one.why}"


def _who(line: Difference) -> str:
    return line.org_id or line.customer_id or ""


def _amount(amount: Decimal, currency: str) -> str:
    return f"{round_money(amount, currency):,f}"


def _table(title: str, columns: list[tuple[str, int]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for name, width in columns:
        right = name in ("amount", "ours", "vendor", "difference")
        table.add_column(name, width=width, no_wrap=True, overflow="ellipsis", justify="right" if right else "left")
    return table
