"""Versions of a bill as tables for people: what changed, why, and by how much."""

from collections.abc import Sequence
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from billing.bill import Line
from billing.changes import Change
from billing.hours import iso
from billing.money import EXACT, money_text
from flows.show import money_table
from flows.versions import Closed, Compared

COLUMNS = [("cause", 14), ("contract", -12), ("meter", -15), ("from", -10), ("to", -10), ("amount", -14)]


def compared(found: Compared) -> list[Table | Text]:
    """The changes line by line, then what each cause comes to, then both totals."""
    title = f"{found.before.month}, from what was known at {iso(found.first)} to {iso(found.second)}"
    if not found.changes:
        return [Text(f"{title}: nothing changed")]
    return [_table(title, found.changes), *_by_cause(found.changes), *_totals(found)]


def closed(found: Closed) -> list[Table | Text]:
    """What is to be corrected on a closed month."""
    if not found.changes:
        return [Text(f"closed at {iso(found.at)}; nothing has changed since")]
    title = f"Corrections since the month was closed at {iso(found.at)}"
    return [_table(title, found.changes), *_by_cause(found.changes)]


def _table(title: str, changes: Sequence[Change]) -> Table:
    table = money_table(title, COLUMNS)
    for change in changes:
        sides = (_amount(line) for line in (change.before, change.after))
        money = money_text(change.amount, change.line.currency)
        table.add_row(change.cause, change.line.contract_id, change.line.meter, *sides, money)
    return table


def _amount(line: Line | None) -> str:
    if line is None:
        return "-"
    return "unpriced" if line.amount is None else f"{line.amount:,f}"


def _by_cause(changes: Sequence[Change]) -> list[Text]:
    sums: dict[tuple[str, str], Decimal] = {}
    for change in changes:
        key = (change.cause, change.line.currency)
        sums[key] = EXACT.add(sums.get(key, Decimal(0)), change.amount)
    return [Text(f"{cause}: {money_text(amount, currency)}") for (cause, currency), amount in sums.items()]


def _totals(found: Compared) -> list[Text]:
    """Each partner's, in each currency, of both bills."""
    sides = [
        {(row["partner_id"], row["currency"]): Decimal(row["amount"]) for row in bill.totals}
        for bill in (found.before, found.after)
    ]
    return [
        Text(f"total {key[0]}: " + " -> ".join(money_text(side.get(key, Decimal(0)), key[1]) for side in sides))
        for key in sorted(sides[0].keys() | sides[1].keys())
    ]
