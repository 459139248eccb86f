"""What people see of projections: the bill so far beside the month's end, and how good the projections were."""

from collections.abc import Sequence
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from alerts.projection import Estimate, ProjectedLine
from billing.hours import iso
from billing.statement import Statement
from flows.backtest import TOTAL, Quality
from flows.projection import totals

FOUR_IN_FIVE = "four times in five"


def projection(statement: Statement, lines: Sequence[ProjectedLine]) -> list[Table | Text]:
    """Month to date and the projected month side by side, with the interval."""
    title = f"{statement.month}, hours before {iso(statement.as_of)}, and projected to the month's end"
    if not lines:
        return [Text(f"{title}: no usage and no terms to bill")]
    so_far = {(line.contract_id, line.meter): line.amount for line in statement.lines}
    table = _table(title, {"contract": -9, "meter": -13, "so far": 12, "projected": 12, "low": 12, "high": 12, "": 3})
    for line in lines:
        amounts = Estimate.of(line.amounts) if line.amounts else None
        whole = (amounts.middle, amounts.low, amounts.high) if amounts else (None, None, None)
        numbers = [_amount(each) for each in (so_far.get((line.contract_id, line.meter)), *whole)]
        table.add_row(line.contract_id, line.meter, *numbers, line.currency)
    to_date = {(row["partner_id"], row["currency"]): Decimal(row["amount"]) for row in statement.totals}
    notes = []
    for (partner_id, currency), total in sorted(totals(lines).items()):
        now = _amount(to_date.get((partner_id, currency), Decimal(0)))
        ends = f"{_amount(total.middle)} ({_amount(total.low)} to {_amount(total.high)})"
        notes.append(Text(f"total {partner_id}: {now} so far, {ends} {currency}"))
    notes.append(Text(f"Low and high, and the brackets: {FOUR_IN_FIVE} it comes to lie between them."))
    notes += [Text(f"unpriced: {line.fault}", style="red") for line in lines if line.fault]
    return [table, *notes]


def backtest(months: str, found: Sequence[Quality]) -> list[Table | Text]:
    """By roll-up the whole month, then its days."""
    title = f"Projected bills of {months}, by the day at whose end they were made"
    names = ("roll-up", "day", "lines", "error", "simple", "ratio", "typical", "of simple", "covered")
    table = _table(title, dict(zip(names, (-14, 4, 6, 8, 8, 6, 8, 9, 7), strict=True)))
    for one in found:
        table.add_row(
            one.rollup if one.rollup != TOTAL else "total (money)",
            str(one.day) if one.day else "all",
            str(one.projections),
            _share(one.error),
            _share(one.simple_error),
            "-" if one.ratio is None else f"{one.ratio:.2f}",
            _share(one.typical_error),
            _share(one.typical_simple_error),
            f"{one.coverage:.0%}",
            style="bold" if not one.day else "",
        )
    return [
        table,
        Text("error: the mean of the absolute error as a share of what came; typical: the median."),
        Text("simple: of a straight line through sums, of the present value for the others."),
        Text(f"covered: inside the interval, which is to hold what comes {FOUR_IN_FIVE}."),
    ]


def _table(title: str, widths: dict[str, int]) -> Table:
    """Columns of these widths; a negative one is text, to the left."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for name, width in widths.items():
        right = width > 0 and bool(name)
        table.add_column(
            name, justify="right" if right else "left", width=abs(width), no_wrap=True, overflow="ellipsis"
        )
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _amount(amount: Decimal | None) -> str:
    return "unpriced" if amount is None else f"{amount:,f}"
