"""What people see of a trial of detection."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, Decimal

from rich.table import Table
from rich.text import Text

from billing.money import money_text
from detectors.score import MONTH_HOURS
from flows.show import out
from flows.trial import Trial
from flows.trial_figures import TOTAL, Figures

WIDTHS = {"": -16, "cases": 5, "recall": 6, "prec.": 5, "false": 5, "delay": 6, "caught": 13, "missed": 13, " ": -3}


def table(trial: Trial, rows: Sequence[Figures]) -> list[Table | Text]:
    """The figures in 80 columns, a line for each currency, and what the words mean."""
    what = "labels" if trial.labelled else "injected cases"
    span = f"{trial.first:%Y-%m-%d %H}Z to {trial.last:%Y-%m-%d %H}Z"
    title = f"{span}: {len(trial.tried)} {what}, {len(trial.judged)} series"
    found = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for name, width in WIDTHS.items():
        wide = abs(width) + (max(0, out().width - 80) if not name else 0)
        right = "right" if width > 0 else "left"
        found.add_column(name, justify=right, width=wide, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    by = TOTAL
    for row in rows:
        if not (row.cases or row.found or row.false or row.by == TOTAL):
            continue
        if row.by != by:
            found.add_row(Text(f"by {row.by}", style="bold"))
            by = row.by
        for cells in _lines(row):
            found.add_row(*cells, style="bold" if by == TOTAL else "")
    return [found, *_notes(trial, rows[0])]


def _lines(row: Figures) -> Iterator[tuple[str, ...]]:
    """One for each currency; the first has the rates."""
    false = row.score.false_per_series_month
    rates: tuple[str, ...] = (
        f" {row.of}" if row.of else "total",
        "-" if row.cases is None else str(row.cases),
        _share(row.score.recall),
        _share(row.score.precision),
        "-" if false is None else f"{false:.2f}",
        _delay(row),
    )
    for currency, caught in row.caught.items():
        missed = row.missed[currency]
        yield (*rates, _amount(caught), "-" if row.cases is None else _amount(missed), currency)
        rates = ("",) * len(rates)
    if not row.caught:
        yield (*rates, "-", "-", "")


def _notes(trial: Trial, total: Figures) -> Iterator[Text]:
    for currency, caught in total.caught.items():
        if both := caught + total.missed[currency]:
            share = (caught / both).quantize(Decimal("0.001"), ROUND_DOWN)
            yield Text(f"{share:.1%} of {money_text(both, currency)} found in time to be claimed", style="bold")
    if trial.labelled:
        yield Text("caught: found before its month ended; what its hours cost above the expected.")
        yield Text("A kind is that of alarms: a label has none.")
    else:
        yield Text("caught: found before its month ended; what it would have added to the bill.")
        yield Text("prec.: of the alarms, when each series has one such case in this time.")
    months = sum(trial.judged.values()) / MONTH_HOURS
    yield Text(f"false: false alarms a series-month; {total.false} in {months:.1f} series-months.")
    yield Text("delay: hours from the close of the first odd hour; the median, and nine in ten.")
    if trial.young:
        yield Text(f"series left out, with less than four weeks of usage: {trial.young}")
    if trial.outside:
        yield Text(f"labels left out, of other hours or series than those judged: {trial.outside}")
    if total.unpriced:
        yield Text(f"without a price, and so in no sum: {total.unpriced}", style="red")


def _share(value: float | None) -> str:
    """100% is all of them."""
    if value is None:
        return "-"
    return f"{value if value == 1 else min(value, 0.99):.0%}"


def _delay(row: Figures) -> str:
    median, p90 = row.score.delay_hours_median, row.score.delay_hours_p90
    return "-" if median is None or p90 is None else f"{median:.0f}/{p90:.0f}"


def _amount(amount: Decimal) -> str:
    return f"{amount:,f}"
