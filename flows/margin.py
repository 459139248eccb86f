"""Margins of the workspace: a month's waterfall, and where each partner stands on the way to its rebate."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from billing.book import Book
from billing.hours import DAY, Month, iso
from billing.margin import Waterfall, added, margins, waterfalls
from billing.money import plain, round_money
from billing.rebate import Account, Rebate, Revenue, progress, revenue, whole_months
from billing.statement import Statement
from flows.bill import bill
from flows.wiring import App

COLUMNS = {
    "line": ("partner_id", "customer_id", "contract_id", "meter"),
    "customer": ("partner_id", "customer_id"),
    "partner": ("partner_id",),
}


@dataclass(frozen=True)
class Node:
    """A waterfall and whose it is: ids by column, none for the total of a currency."""

    ids: dict[str, str]
    currency: str
    waterfall: Waterfall
    unpriced: int

    def amounts(self) -> dict[str, Decimal | None]:
        """The waterfall's steps by name; a line without a price has none, for 0 would be a price."""
        no_price = "meter" in self.ids and self.unpriced
        return {name: None if no_price else amount for name, amount in asdict(self.waterfall).items()}


@dataclass(frozen=True)
class Margin:
    """A month's margins. `nodes` are by what was asked for, `totals` by currency."""

    statement: Statement
    by: str
    nodes: Sequence[Node]
    totals: Sequence[Node]
    rebates: Sequence[Rebate]

    def document(self) -> dict[str, Any]:
        """As JSON: amounts are strings with the currency's digits, percents exact decimals.

        {"month", "as_of", "state", "by",
         "rows": [{"partner_id", "customer_id", "contract_id", "meter" (as far as `by` goes), "currency",
                   "list_amount", "discount", "unlisted", "contracted", "margin", "partner_cost", "markup",
                   "customer_price", "rebate", "profit", "unpriced"}],
         "totals": [the same by currency],
         "rebates": [{"partner_id", "currency", "from", "to", "revenue", "revenue_before", "growth", "percent",
                      "amount", "next_growth", "next_percent", "to_next", "unpriced"}]}

        In every row list_amount - discount + unlisted = contracted = partner_cost + margin, customer_price =
        contracted + markup, profit = margin + markup + rebate. `unpriced` counts the lines that are in no amount;
        the row of such a line has nulls.
        `growth` (percent, 2 places, cut) and `revenue_before` are null where the year before is not known.
        """
        return {
            "month": str(self.statement.month),
            "as_of": iso(self.statement.as_of),
            "state": self.statement.state,
            "by": self.by,
            "rows": [_row(node) for node in self.nodes],
            "totals": [_row(node) for node in self.totals],
            "rebates": [_rebate_row(rebate) for rebate in self.rebates],
        }


def margin(app: App, month: Month, by: str, now: datetime) -> Margin:
    """The month's waterfall, `by` line, customer or partner, at the rebate that is reached by `now`."""
    statement = bill(app, month, None, now)
    rebates = list(_rebates(app, statement.book, month, now))
    found = margins(statement, app.partner_policy, app.rules.catalog)
    nodes = waterfalls(found, {(rebate.partner_id, rebate.currency): rebate.percent for rebate in rebates})
    lines = [
        Node(
            {column: getattr(one.line, column) for column in COLUMNS["line"]},
            one.line.currency,
            node,
            int(one.contracted is None),
        )
        for one, node in zip(found, nodes, strict=True)
    ]
    rows = [above(group, COLUMNS[by]) for group in groups(lines, COLUMNS[by])]
    return Margin(statement, by, rows, [above(group, ()) for group in groups(lines, ())], rebates)


def groups(nodes: Iterable[Node], columns: Sequence[str]) -> list[list[Node]]:
    """The nodes that have the same ids in `columns` and the same currency, by these."""
    found: dict[tuple[str, ...], list[Node]] = {}
    for node in nodes:
        found.setdefault((*(node.ids[column] for column in columns), node.currency), []).append(node)
    return [group for _, group in sorted(found.items())]


def above(group: Sequence[Node], columns: Sequence[str]) -> Node:
    """The node above a group: its sums."""
    ids = {column: group[0].ids[column] for column in columns}
    return Node(ids, group[0].currency, added(n.waterfall for n in group), sum(n.unpriced for n in group))


def _rebates(app: App, book: Book, month: Month, now: datetime) -> Iterable[Rebate]:
    """The year so far bill by bill, and the year before as far as the lake reaches back."""
    steps = {
        partner.partner_id: found
        for partner in book.partners.values()
        if (found := app.partner_policy.steps(partner.partner_id, partner.tier, month.first_day))
    }
    months = whole_months(month, now) if steps else []
    if not months:
        return
    these = [revenue(bill(app, one, None, now).lines) for one in months]
    before: list[dict[Account, Revenue]] = [{} for _ in months]
    span, first = app.lake.span(), Month(month.year - 1, 1)
    if span and span[0] < first.start + DAY:
        before = [revenue(bill(app, Month(one.year - 1, one.number), None, now).lines) for one in months]
    for account in sorted({account for of_month in (*these, *before) for account in of_month}):
        if account[0] in steps:
            yield progress(account, steps[account[0]], months, these, before)


def _row(node: Node) -> dict[str, Any]:
    amounts = {name: _money(amount, node.currency) for name, amount in node.amounts().items()}
    return {**node.ids, "currency": node.currency, **amounts, "unpriced": node.unpriced}


def _rebate_row(rebate: Rebate) -> dict[str, Any]:
    step = rebate.next_step
    return {
        "partner_id": rebate.partner_id,
        "currency": rebate.currency,
        "from": str(rebate.first),
        "to": str(rebate.last),
        "revenue": _money(rebate.revenue, rebate.currency),
        "revenue_before": _money(rebate.revenue_before, rebate.currency),
        "growth": None if rebate.growth is None else plain(shown_growth(rebate.growth)),
        "percent": plain(rebate.percent),
        "amount": _money(rebate.amount, rebate.currency),
        "next_growth": plain(step.growth_from) if step else None,
        "next_percent": plain(step.percent) if step else None,
        "to_next": _money(rebate.to_next, rebate.currency),
        "unpriced": rebate.unpriced,
    }


def shown_growth(growth: Decimal) -> Decimal:
    """Percent, cut to 2 places: a step that is not reached never looks reached."""
    return growth.quantize(Decimal("0.01"), ROUND_FLOOR)


def _money(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else f"{round_money(amount, currency):f}"
