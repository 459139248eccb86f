"""Bills as known at a time, and what changed between two: against the oracle, for any deliveries, books and ranks."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.changes import CAUSES
from billing.hours import Month
from billing.statement import Statement
from flows.versions import as_known, compare
from tests.billing.oracle import comparable
from tests.flows.histories import History, Step, histories, moments, opened, take, taken

MONTHS = ("2026-04",)
APRIL = Month.parse("2026-04")
LATER = datetime(2026, 8, 1, tzinfo=UTC)
EXAMPLES = settings(max_examples=12)
NOTHING = Decimal(0)


@EXAMPLES
@given(histories(MONTHS), st.lists(moments(MONTHS), min_size=1, max_size=4))
def test_the_bill_as_known_at_any_time_is_the_oracles(history: History, times: list[datetime]) -> None:
    with opened() as app:
        app = taken(app, history)
        for at in times:
            known = as_known(app, APRIL, None, at).document()
            assert comparable(known) == history.bill("2026-04", at)


@EXAMPLES
@given(histories(MONTHS), histories(MONTHS), moments(MONTHS))
def test_what_comes_later_changes_no_byte_of_what_was_known(history: History, more: History, at: datetime) -> None:
    def asked() -> str:
        return json.dumps(as_known(app, APRIL, None, at).document())

    with opened() as app:
        app = taken(app, history)
        before = asked()
        for step in more.steps:
            rows = [row | {"observed_at": at + timedelta(minutes=1)} for row in step.rows]
            app = take(app, Step(LATER, rows, step.book, step.rank))
        assert asked() == before
        app.lake.compact("2026-04") if app.lake.version >= 0 else None
        assert asked() == before


def amounts(statement: Statement) -> dict[tuple[str, ...], Decimal]:
    """What each line comes to; an unpriced one is in no total."""
    return {
        (line.partner_id, line.customer_id, line.contract_id, line.meter, line.currency): line.amount or NOTHING
        for line in statement.lines
    }


def by_line(changes: list[dict[str, Any]]) -> dict[tuple[str, ...], Decimal]:
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in changes:
        key = tuple(row[name] for name in ("partner_id", "customer_id", "contract_id", "meter", "currency"))
        sums[key] += Decimal(row["amount"])
    return sums


def totals(rows: list[dict[str, str]]) -> dict[tuple[str, str], Decimal]:
    return {(row["partner_id"], row["currency"]): Decimal(row["amount"]) for row in rows}


@EXAMPLES
@given(histories(MONTHS), moments(MONTHS), moments(MONTHS))
def test_the_changes_add_up_to_the_difference(history: History, first: datetime, second: datetime) -> None:
    """Line by line and in total, forwards and backwards, in currencies of 0, 2 and 3 digits."""
    with opened() as app:
        app = taken(app, history)
        for one, other in ((first, second), (second, first)):
            found = compare(app, APRIL, one, other)
            document = found.document()
            before, after = amounts(found.before), amounts(found.after)
            explained = by_line(document["changes"])
            for key in before.keys() | after.keys() | explained.keys():
                assert explained[key] == after.get(key, NOTHING) - before.get(key, NOTHING)
            expected = [totals(history.bill("2026-04", at)["totals"]) for at in (one, other)]
            assert [totals(document[name]) for name in ("totals_from", "totals_to")] == expected
            assert {row["cause"] for row in document["changes"]} <= set(CAUSES)


@EXAMPLES
@given(histories(MONTHS), moments(MONTHS))
def test_between_a_time_and_itself_nothing_changed(history: History, at: datetime) -> None:
    with opened() as app:
        assert not compare(taken(app, history), APRIL, at, at).changes


@EXAMPLES
@given(histories(MONTHS), moments(MONTHS), moments(MONTHS))
def test_usage_alone_is_never_said_to_be_terms(history: History, first: datetime, second: datetime) -> None:
    rows = [row for step in history.steps for row in step.rows]
    book, *_ = history.steps
    with opened() as app:
        app = taken(app, History(MONTHS, [book, Step(LATER, rows)]))
        causes = {change.cause for change in compare(app, APRIL, first, second).changes}
        assert causes <= {"restated usage", "late usage"}
