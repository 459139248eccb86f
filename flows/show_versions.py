"""Versions of a bill as tables for people: what changed, why, and by how much."""

from collections.abc import Sequence
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from billing.changes import Change
from billing.hours import iso
from billing.money import EXACT, money_text, plain
from flows.show import money_table
from flows.versions import Closed, Compared

COLUMNS = [("cause", -14), ("contract", -14), ("meter", -18), ("from", 11), ("to", 11), ("amount", 13)]


def compared(found: Compared) -> list[Table | Text]:
    """The changes line by line, then what each cause comes to, then both totals."""
    title = f"{found.before.month}, from what was known at {iso(found.first)} to {iso(found.second)}"
    if not found.changes:
        return [Text(f"{title}: nothing changed")]
    totals = [
        Text(f"total {t['partner_id']} {when}: {Decimal(t['amount']):,} {t['currency']}")
        for when, statement in (("then", found.before), ("now", found.after))
        for t in statement.totals
    ]
    return [_table(title, found.changes), *_by_cause(found.changes), *totals]


def closed(found: Closed) -> list[Table | Text]:
    """What is to be corrected on a closed month."""
    if not found.changes:
        return [Text(f"closed at {iso(found.at)}; nothing has changed since")]
    title = f"Corrections since the month was closed at {iso(found.at)}"
    return [_table(title, found.changes), *_by_cause(found.changes)]


def _table(title: str, changes: Sequence[Change]) -> Table:
    table = money_table(title, COLUMNS)
    for change in changes:
        quantities = (plain(line.quantity) if line else "-" for line in (change.before, change.after))
        money = money_text(change.amount, change.line.currency)
        table.add_row(change.cause, change.line.contract_id, change.line.meter, *quantities, money)
    return table


def _by_cause(changes: Sequence[Change]) -> list[Text]:
    sums: dict[tuple[str, str], Decimal] = {}
    for change in changes:
        key = (change.cause, change.line.currency)
        sums[key] = EXACT.add(sums.get(key, Decimal(0)), change.amount)
    return [Text(f"{cause}: {money_text(amount, currency)}") for (cause, currency), amount in sums.items()]
