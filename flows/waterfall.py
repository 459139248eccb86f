"""The margin waterfall for people: steps go down, those whose it is go across, and no amount is ever cut."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from billing.hours import iso
from billing.money import plain, round_money
from billing.rebate import Rebate
from flows.margin import Margin, Node, above, groups, shown_growth
from flows.show import out

STEPS = (
    ("list_amount", "  list price"),
    ("discount", "- deal discount"),
    ("unlisted", "+ without list price"),
    ("contracted", "= contracted"),
    ("margin", "- margin"),
    ("partner_cost", "= partner cost"),
    ("", ""),
    ("contracted", "  contracted"),
    ("markup", "+ markup"),
    ("customer_price", "= customer price"),
    ("", ""),
    ("margin", "  margin"),
    ("markup", "+ markup"),
    ("rebate", "+ rebate"),
    ("profit", "= partner profit"),
)
PROGRESS = ("revenue", "a year before", "growth", "rebate reached", "rebate so far", "next step", "revenue to it")
BESIDE = {"line": ("partner_id", "customer_id", "contract_id"), "customer": ("partner_id",), "partner": ()}
"""What those that stand side by side have in common."""
LABEL, NAME = 20, 18
UNKNOWN = "unknown: it takes usage of every one of these months of the year before"

Column = tuple[str, Sequence[str]]  # its name and its cells


def tables(margin: Margin) -> Iterator[Table | Text]:
    """The waterfalls side by side as far as the terminal goes, what is in none of them, and the rebates."""
    statement = margin.statement
    yield Text(f"{statement.month}, hours before {iso(statement.as_of)}, {statement.state}", style="bold")
    if not margin.nodes:
        yield Text("no usage and no terms to bill")
    for group in groups(margin.nodes, BESIDE[margin.by]):
        head = above(group, BESIDE[margin.by])
        columns = [(list(node.ids.values())[-1], _steps(node)) for node in group]
        together = [("all", _steps(head))] if len(group) > 1 else []
        title = ", ".join((*head.ids.values(), head.currency))
        yield from _across(title, [label for _, label in STEPS], together + columns)
    if unpriced := sum(node.unpriced for node in margin.totals):
        yield Text(f"\nlines without a price, in no amount: {unpriced} (see `floodmark bill`)", style="red")
    if margin.rebates:
        yield from _rebates(margin.rebates)


def _rebates(found: Sequence[Rebate]) -> Iterator[Table | Text]:
    title = f"Rebate: {found[0].first} to {found[0].last} against a year before"
    yield from _across(title, PROGRESS, [(f"{one.partner_id} {one.currency}", _progress(one)) for one in found])
    if any(one.growth is None for one in found):
        yield Text(UNKNOWN)
    if unpriced := sum(one.unpriced for one in found):
        yield Text(f"lines of these months and the year before without a price, not in it: {unpriced}", style="red")


def _across(title: str, labels: Sequence[str], columns: Sequence[Column]) -> Iterator[Table]:
    """As many columns beside the labels as fit; the rest below."""
    width = max(max(min(NAME, len(name)), *map(len, cells)) for name, cells in columns)
    many = max(1, (out().width - LABEL) // (width + 1))
    for start in range(0, len(columns), many):
        table = Table(title=Text(f"\n{title}", "bold"), title_justify="left", box=None, padding=(0, 1, 0, 0))
        table.pad_edge = False
        table.add_column("", width=LABEL, no_wrap=True)
        shown = columns[start : start + many]
        for name, _ in shown:
            table.add_column(Text(name), justify="right", width=width, overflow="fold")
        for label, *row in zip(labels, *(cells for _, cells in shown), strict=True):
            table.add_row(label, *row)
        yield table


def _steps(node: Node) -> list[str]:
    amounts = node.amounts()
    return [_money(amounts[step], node.currency) if step else "" for step, _ in STEPS]


def _progress(rebate: Rebate) -> list[str]:
    step = rebate.next_step
    return [
        _money(rebate.revenue, rebate.currency),
        _money(rebate.revenue_before, rebate.currency),
        "unknown" if rebate.growth is None else f"{shown_growth(rebate.growth):,} %",
        f"{plain(rebate.percent)} %",
        _money(rebate.amount, rebate.currency),
        f"{plain(step.percent)} % from {plain(step.growth_from)} %" if step else "-",
        _money(rebate.to_next, rebate.currency),
    ]


def _money(amount: Decimal | None, currency: str) -> str:
    return "-" if amount is None else f"{round_money(amount, currency):,f}"
