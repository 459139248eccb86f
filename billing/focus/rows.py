"""The charges of a statement and of the corrections in it, as rows of what FOCUS 1.2 and 1.4 have in common."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from billing.bill import Line
from billing.book import Book
from billing.catalog import Catalog
from billing.changes import Change
from billing.focus.charges import Charge, charges, netted, spread
from billing.focus.names import commitment_id, invoice_detail_id, invoice_id, name_of, pricing_unit, service
from billing.hours import Month
from billing.margin import LineMargin
from billing.money import EXACT, exact
from billing.rating import rate
from billing.statement import Statement

Row = dict[str, Any]
Margins = Mapping[tuple[str, str], LineMargin]

USAGE_CAUSES = ("late usage", "restated usage")
USE = {"used": "Used", "unused": "Unused"}
COMMITMENT = ("purchase", *USE)
WORDS = {
    "purchase": "commitment of the month",
    "used": "commitment, used",
    "unused": "commitment, not used",
    "included": "included",
    "on_demand": "on demand",
    "adjustment": "corrected amount",
}


@dataclass(frozen=True)
class Entry:
    """A line of the statement with its charges, or a change of a closed month with what it adds to them."""

    line: Line
    month: Month  # of the usage
    cause: str | None  # of a correction
    charges: Sequence[Charge]


@exact
def rows(statement: Statement, catalog: Catalog, corrections: Sequence[Change], margins: Margins) -> list[Row]:
    """A row a charge, the statement's lines first; unpriced lines have none. `margins` by (contract_id, meter)."""
    found = []
    for entry in _entries(statement, catalog, corrections):
        margin = margins.get((entry.line.contract_id, entry.line.meter)) if entry.cause is None else None
        of_line = _of_line(statement, catalog, entry)
        shares = _shares(margin, entry.charges, entry.line.currency)
        found += [
            of_line | _of_charge(statement, entry, charge, of_line) | share
            for charge, share in zip(entry.charges, shares, strict=True)
        ]
    return found


def of_usage(book: Book, catalog: Catalog, change: Change) -> bool:
    """Whether usage alone changed, at terms that still hold: then the difference has quantities."""
    lines = [line for line in (change.before, change.after) if line is not None]
    return change.cause in USAGE_CAUSES and all(_terms_hold(book, catalog, line, change.month) for line in lines)


def _terms_hold(book: Book, catalog: Catalog, line: Line, month: Month) -> bool:
    contract, meter = book.contracts.get(line.contract_id), catalog.meters.get(line.meter)
    if contract is None or meter is None:
        return False
    rated = rate(contract, meter, contract.term(line.meter), line.on_demand_quantity, month)
    return (rated.committed_amount, rated.on_demand_amount) == (line.committed_amount, line.on_demand_amount)


def _entries(statement: Statement, catalog: Catalog, corrections: Sequence[Change]) -> Iterator[Entry]:
    for line in statement.lines:
        yield Entry(line, statement.month, None, _charges(statement.book, catalog, line, statement.month))
    for change in corrections:
        yield Entry(change.line, change.month, change.cause, _corrected(statement.book, catalog, change))


def _charges(book: Book, catalog: Catalog, line: Line | None, month: Month) -> list[Charge]:
    if line is None or line.amount is None:
        return []
    return charges(line, book.contracts[line.contract_id], catalog.meters[line.meter], month)


def _corrected(book: Book, catalog: Catalog, change: Change) -> list[Charge]:
    """The delta: of quantities where usage changed, of the amount alone where terms did."""
    if of_usage(book, catalog, change):
        before, after = (_charges(book, catalog, line, change.month) for line in (change.before, change.after))
        return netted(before, after)
    return [Charge("adjustment", change.amount, change.amount)] if change.amount else []


def _of_line(statement: Statement, catalog: Catalog, entry: Entry) -> Row:
    """What all rows of an entry share."""
    book, line = statement.book, entry.line
    partner, customer = book.partners.get(line.partner_id), book.customers.get(line.customer_id)
    contract, meter = book.contracts.get(line.contract_id), catalog.meters.get(line.meter)
    span = contract.span(entry.month) if contract else None
    start, end = span or (entry.month.start, entry.month.end)
    category, subcategory = service(meter)
    return {
        "BillingAccountId": line.customer_id,
        "BillingAccountName": name_of(customer, line.customer_id),
        "BillingAccountType": "Customer",
        "BillingCurrency": line.currency,
        "BillingPeriodStart": statement.month.start,
        "BillingPeriodEnd": statement.month.end,
        "ChargeClass": "Correction" if entry.cause else None,
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "InvoiceId": invoice_id(line.customer_id, statement.month, line.currency),
        "InvoiceIssuerName": name_of(partner, line.partner_id),
        "PricingCurrency": line.currency,
        "PricingUnit": pricing_unit(line, meter),
        "ServiceCategory": category,
        "ServiceName": meter.name if meter else line.meter,
        "ServiceSubcategory": subcategory,
        "SkuId": line.meter,
        "SkuMeter": meter.name if meter else line.meter,
        "SubAccountId": line.contract_id,
        "SubAccountName": line.contract_id,
        "SubAccountType": "Contract",
        "x_CorrectionCause": entry.cause,
        "x_CustomerName": customer.name if customer else None,
        "x_PartnerId": line.partner_id,
        "x_PartnerName": partner.name if partner else None,
    }


def _of_charge(statement: Statement, entry: Entry, charge: Charge, of_line: Row) -> Row:
    line, kind, unit, name = entry.line, charge.kind, of_line["PricingUnit"], of_line["ServiceName"]
    consumed = charge.category == "Usage" and kind != "unused"
    priced = charge.quantity is not None
    row: Row = {
        "BilledCost": charge.billed,
        "ChargeCategory": charge.category,
        "ChargeDescription": _description(name, entry, charge),
        "ChargeFrequency": {"purchase": "Recurring", "adjustment": "One-Time"}.get(kind, "Usage-Based"),
        "ConsumedQuantity": charge.quantity if consumed else None,
        "ConsumedUnit": unit if consumed else None,
        "ContractedCost": charge.cost(charge.contracted_price),
        "ContractedUnitPrice": charge.contracted_price,
        "EffectiveCost": charge.effective,
        "InvoiceDetailId": invoice_detail_id(statement.month, line, charge.category, entry.month, entry.cause),
        "ListCost": charge.cost(charge.list_price),
        "ListUnitPrice": charge.list_price,
        "PricingCategory": ("Committed" if kind in USE else "Standard") if priced else None,
        "PricingCurrencyContractedUnitPrice": charge.contracted_price,
        "PricingCurrencyEffectiveCost": charge.effective,
        "PricingCurrencyListUnitPrice": charge.list_price,
        "PricingQuantity": charge.quantity,
        "PricingUnit": unit if priced else None,
        "SkuPriceDetails": None,
        "SkuPriceId": f"{line.meter}/{kind}{f'/{charge.band}' if charge.band else ''}" if priced else None,
        "x_ListPriceBasis": ("catalogue" if charge.list_known else "contract") if priced else None,
    }
    return row | _of_commitment(entry, charge, unit, name)


def _of_commitment(entry: Entry, charge: Charge, unit: str, name: str) -> Row:
    """FOCUS wants no quantity of a commitment on corrections."""
    if charge.kind not in COMMITMENT:
        return {}
    quantity = charge.quantity
    if charge.kind == "purchase":  # what it entitles to, which is not prorated as its price is
        quantity = sum((c.quantity for c in entry.charges if c.kind in USE and c.quantity), Decimal(0))
    return {
        "CommitmentDiscountCategory": "Usage",
        "CommitmentDiscountId": commitment_id(entry.line),
        "CommitmentDiscountName": f"{name}, committed in {entry.line.contract_id}",
        "CommitmentDiscountQuantity": None if entry.cause else quantity,
        "CommitmentDiscountStatus": USE.get(charge.kind),
        "CommitmentDiscountType": "Committed units",
        "CommitmentDiscountUnit": None if entry.cause else unit,
    }


def _description(name: str, entry: Entry, charge: Charge) -> str:
    band = f", tier {charge.band}" if charge.band else ""
    correction = f" (correction of {entry.month}: {entry.cause})" if entry.cause else ""
    return f"{name}: {WORDS[charge.kind]}{band}{correction}"


def _shares(margin: LineMargin | None, parts: Sequence[Charge], currency: str) -> list[Row]:
    """A line's margin and markup by what its charges bill; what follows from them holds on every row."""
    if margin is None or margin.contracted is None:
        return [{} for _ in parts]
    billed = [charge.billed for charge in parts]
    kept = spread(margin.margin, billed, currency)
    added = spread(margin.markup, billed, currency)
    return [
        {
            "x_PartnerMargin": keep,
            "x_PartnerCost": EXACT.subtract(cost, keep),
            "x_Markup": add,
            "x_CustomerPrice": EXACT.add(cost, add),
        }
        for cost, keep, add in zip(billed, kept, added, strict=True)
    ]


def unpriced(statement: Statement) -> list[Line]:
    """The lines that have no rows, because a price is missing."""
    return [line for line in statement.lines if line.amount is None]
