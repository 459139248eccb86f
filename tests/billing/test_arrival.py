"""However usage arrives it is billed once, exactly: in parts, out of order, twice, late, restated and taken back."""

import json
import random
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.bill import Line
from billing.changes import Change
from billing.money import EXACT
from billing.statement import Statement
from tests.billing import oracle
from tests.billing.catalogues import catalogues
from tests.billing.deliveries import Books, billed, deliveries, expected, held, opened, reordered
from tests.billing.sheet import Row
from tests.billing.worlds import LARGEST, Case, cases, month_span

SEEDS = st.integers(0, 2**32)
WORLDS = cases() | cases(catalogues())


@settings(max_examples=120)
@given(cases(catalogues()))
def test_any_catalogue_is_billed_as_the_oracle_bills_it(case: Case) -> None:
    assert billed(case) == expected(case)


@settings(max_examples=40)
@given(WORLDS, SEEDS, st.data())
def test_order_and_cutting_do_not_matter(case: Case, seed: int, data: st.DataObject) -> None:
    """Nor does when the lake is compacted."""
    with opened(case) as books:
        for part in data.draw(deliveries(reordered(case.world.usage, seed))):
            books.deliver(part)
            if data.draw(st.booleans()):
                books.compact()
        assert books.document() == expected(case)


@settings(max_examples=40)
@given(WORLDS, SEEDS, st.data())
def test_the_size_of_the_pieces_does_not_matter(case: Case, seed: int, data: st.DataObject) -> None:
    """Thousands of customers are billed a piece at a time; here pieces are so small that a few make many."""
    pieces = {"statement.CELLS": 2000, "metering.ROWS": 1, "usage.BATCH": 50, "layers.STEP": 100, "lake.FILES": 1}
    with ExitStack() as stack:
        for name, size in pieces.items():
            stack.enter_context(mock.patch(f"billing.{name}", size))
        books = stack.enter_context(opened(case))
        for part in data.draw(deliveries(reordered(case.world.usage, seed))):
            books.deliver(part)
        assert books.document() == expected(case)


@settings(max_examples=30)
@given(WORLDS, st.data())
def test_what_is_said_twice_is_billed_once(case: Case, data: st.DataObject) -> None:
    """A delivery repeated at once, and everything that holds repeated at the end."""
    with opened(case) as books:
        for part in data.draw(deliveries(case.world.usage, most=3)):
            books.deliver(part)
            books.deliver(part)
        version = books.lake.version
        again = books.deliver(held(case.world.usage))
        assert (again.changed, books.lake.version) == (0, version)
        assert books.document() == expected(case)


@settings(max_examples=30)
@given(WORLDS, SEEDS, st.none() | st.integers(0, 9) | st.just(LARGEST))
def test_a_restatement_taken_back_leaves_the_bill_as_it_was(case: Case, seed: int, other: int | None) -> None:
    """To another value or to nothing, and back."""
    truth = reordered(held(case.world.usage), seed)
    some = truth[: len(truth) // 2]
    with opened(case) as books:
        for rows in (truth, [row | {"quantity": other} for row in some], some):
            books.deliver(rows)
        assert books.document() == expected(case)


def lines_of(statement: Statement) -> dict[tuple[str, str], Line]:
    return {(line.contract_id, line.meter): line for line in statement.lines}


def changes(before: Statement, after: Statement) -> list[Change]:
    """Every line that differs between two versions of a bill, as it is issued to a customer."""
    old, new = lines_of(before), lines_of(after)
    pairs = [(old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys())]
    return [Change(after.month, "late usage", one, two) for one, two in pairs if one != two]


def amounts(statement: Statement) -> dict[tuple[str, str], Decimal]:
    return {key: line.amount for key, line in lines_of(statement).items() if line.amount}


def versions(books: Books, parts: list[list[Row]]) -> list[Statement]:
    """The bill after each delivery."""
    found = []
    for part in parts:
        books.deliver(part)
        found.append(books.statement())
    return found


@settings(max_examples=50)
@given(WORLDS, SEEDS, st.data())
def test_what_was_issued_adds_up_to_the_bill_made_at_once(case: Case, seed: int, data: st.DataObject) -> None:
    """The first bill and every difference issued since, per line and per currency, in any order of arrival.

    The order is any: where it moves a restatement, other facts hold at the end, and the bill made at once is theirs.
    """
    usage = list(case.world.usage)
    random.Random(seed).shuffle(usage)
    arrived = data.draw(deliveries(usage))
    with opened(case) as books:
        first, *later = versions(books, arrived)
    at_once = replace(case, world=replace(case.world, usage=[row for part in arrived for row in part]))
    with opened(at_once) as books:
        books.deliver(at_once.world.usage)
        final = books.statement()
    issued = defaultdict(Decimal, amounts(first))
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in first.lines:
        totals[line.partner_id, line.currency] = EXACT.add(totals[line.partner_id, line.currency], line.amount or 0)
    for before, after in zip([first, *later], later, strict=False):
        for change in changes(before, after):
            key, total = (change.line.contract_id, change.line.meter), (change.line.partner_id, change.line.currency)
            issued[key] = EXACT.add(issued[key], change.amount)
            totals[total] = EXACT.add(totals[total], change.amount)
    assert {key: amount for key, amount in issued.items() if amount} == amounts(final)
    stated = {(row["partner_id"], row["currency"]): Decimal(row["amount"]) for row in final.totals}
    assert {key: amount for key, amount in totals.items() if amount} == {key: a for key, a in stated.items() if a}
    assert [*lines_of(later[-1] if later else first).values()] == list(final.lines)


@settings(max_examples=40)
@given(WORLDS, SEEDS, st.data())
def test_a_bill_as_it_was_known_stays_the_same_to_the_byte(case: Case, seed: int, data: st.DataObject) -> None:
    """Whatever is delivered, restated or compacted later: it is the bill of the rows that were known by then.

    A row is known when it was observed, without a time at the end of its hour. The rows of a key arrive as they became
    known; those of others in any order.
    """
    told = reordered(sorted(observed(case.world.usage, seed), key=known_at), seed)
    start, end = month_span(case.month)
    at = start + data.draw(st.floats(0, 1.5)) * (end - start)
    by_then = [row for row in told if known_at(row) <= at]
    with opened(case) as books:
        books.deliver(by_then)
        then = json.dumps(books.statement(known=at).document())
    with opened(case) as books:
        for part in data.draw(deliveries(told)):
            books.deliver(part)
            if data.draw(st.booleans()):
                books.compact()
        statement = books.statement(known=at)
        assert json.dumps(statement.document()) == then
        assert oracle.comparable(statement.document()) == expected(case, by_then)


def observed(rows: list[Row], seed: int) -> list[Row]:
    """Half of the rows with a time at which they were observed, 0 to 999 hours after the end of theirs."""
    chance = random.Random(seed)
    return [
        row | {"observed_at": chance.choice((None, row["hour"] + timedelta(hours=chance.randrange(1, 1000))))}
        for row in rows
    ]


def known_at(row: Row) -> datetime:
    seen: datetime = row["observed_at"] or row["hour"] + timedelta(hours=1)
    return seen
