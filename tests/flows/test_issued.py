"""What goes out for all months adds up to what is known in the end, in any order of arrival, whenever asked."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.focus.rows import rows as focus_rows
from billing.hours import Month
from flows.bill import bill
from flows.versions import close_months, issued, remember, since_closing
from flows.wiring import App
from tests.billing.oracle import comparable
from tests.flows.histories import HOUR, History, Step, histories, opened, take

MONTHS = ("2026-04", "2026-05", "2026-06")
ASKED = tuple(map(Month.parse, ("2026-03", *MONTHS, "2026-07", "2026-08")))
START, OPEN, END = (datetime(2026, month, day, tzinfo=UTC) for month, day in ((4, 1), (6, 20), (9, 1)))
Question = tuple[datetime, Month | None]
Sums = dict[tuple[str, str], Decimal]

asks = st.tuples(
    st.integers(0, (END - START) // HOUR).map(lambda n: START + n * HOUR),
    st.sampled_from([*ASKED, None]),  # None: a cycle
)


def sent(app: App, month: Month, at: datetime) -> list[dict[str, Any]]:
    """The rows of the export, before they are a file."""
    remember(app, at)
    statement, corrections = issued(app, month, at)
    return focus_rows(statement, statement.rules.catalog, corrections, {})


def billed(rows: list[dict[str, Any]]) -> Sums:
    found: Sums = defaultdict(Decimal)
    for row in rows:
        found[row["x_PartnerId"], row["BillingCurrency"]] += row["BilledCost"]
    return nonzero(found)


def nonzero(sums: Sums) -> Sums:
    return {key: amount for key, amount in sums.items() if amount}


def added(*parts: Sums) -> Sums:
    found: Sums = defaultdict(Decimal)
    for part in parts:
        for key, amount in part.items():
            found[key] += amount
    return nonzero(found)


def totals(rows: list[dict[str, str]]) -> Sums:
    return {(row["partner_id"], row["currency"]): Decimal(row["amount"]) for row in rows}


def lived(app: App, history: History, questions: list[Question]) -> tuple[App, dict[Month, Any]]:
    """The history with the questions in between, by the clock; what was sent of months that were closed by then."""
    final: dict[Month, Any] = {}
    steps: list[tuple[datetime, Any]] = [(step.at, step) for step in history.steps]
    for at, what in sorted([*steps, *questions], key=lambda pair: pair[0]):
        if isinstance(what, Step):
            app = take(app, what)
        elif what is None:
            remember(app, at)
            close_months(app, at)
        else:
            rows = sent(app, what, at)
            if since_closing(app, what, at):
                assert final.setdefault(what, rows) == rows
    return app, final


@settings(max_examples=15)
@given(histories(MONTHS), st.lists(asks, max_size=6), st.sampled_from((END, OPEN)))
def test_what_goes_out_adds_up(history: History, questions: list[Question], end: datetime) -> None:
    """In the end every month is closed but the last, or June is still open."""
    questions = [(at, month) for at, month in questions if at < end]
    with opened() as app:
        app, final = lived(app, history, questions)
        parts = {month: sent(app, month, end) for month in ASKED}
        for month, rows in final.items():
            assert parts[month] == rows
        known = [bill(app, month, None, end) for month in ASKED]
        assert added(*map(billed, parts.values())) == added(*(totals(one.totals) for one in known))
        if end == END:
            expected = [totals(history.bill(str(month))["totals"]) for month in ASKED]
            assert added(*map(billed, parts.values())) == added(*expected)


@settings(max_examples=12)
@given(histories(MONTHS), st.lists(asks, min_size=1, max_size=4))
def test_frozen_and_corrected_is_the_present_bill(history: History, questions: list[Question]) -> None:
    """For every line, by every cause; and a month that is closed again is as it was."""
    with opened() as app:
        app, _ = lived(app, history, questions)
        remember(app, END)
        for month in map(Month.parse, MONTHS):
            closed = since_closing(app, month, END)
            if closed is None:
                assert not [row for step in history.steps for row in step.rows if Month.of(row["hour"]) <= month]
                continue
            frozen = totals(issued(app, month, END)[0].totals)
            corrected = added(*({(c.line.partner_id, c.line.currency): c.amount} for c in closed.changes))
            assert added(frozen, corrected) == nonzero(totals(bill(app, month, None, END).totals))
        assert close_months(app, END, month) == []


@settings(max_examples=12)
@given(histories(MONTHS[:1]))
def test_what_is_frozen_is_the_oracles_bill_of_the_final_day(history: History) -> None:
    """In a workspace with one book, where every delivery is in when the month is closed."""
    rows = [row for step in history.steps for row in step.rows]
    history = History(history.months, [history.steps[0], Step(START, rows)])
    final_day = datetime(2026, 5, 16, tzinfo=UTC)
    with opened() as app:
        for step in history.steps:
            app = take(app, step)
        frozen, corrections = issued(app, Month.parse("2026-04"), END)
        assert comparable(frozen.document()) == history.bill("2026-04", final_day)
        assert not [change for change in corrections if str(change.month) >= "2026-04"]
