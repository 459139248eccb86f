"""What changed between two versions of a bill: each cause alone, causes that meet, and amounts that add up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest

from billing.bill import Rules
from billing.book import Book, Contract, Term, Tier
from billing.changes import CAUSES, Basis, Change, explained, with_prices_of
from billing.frames import CELL
from tests.billing.small_bill import LOGS, OCTOBER, RULES, Said, book, contract, line, usage

HOST = Term("infra_host", "monthly", Decimal(10), Decimal(12), Decimal(20))
ZERO = Decimal(0)
MOST = "123456789012345678901234567890.25"
SAID: list[Said] = [("o1", "logs_ingested", 5, 10**10), ("o1", "infra_host", 5, 3)]
BEFORE = contract("k1", "c1", LOGS, HOST)


def basis(*contracts: Contract, said: Sequence[Said] = SAID, rules: Rules = RULES, until: int = 744) -> Basis:
    return Basis(book({"o1": "c1"}, *contracts), rules, usage(said), OCTOBER.start + timedelta(hours=until))


def changes(before: Basis, after: Basis) -> list[Change]:
    """With the cells in which the two differ, as the lake tells them."""
    told, tells = (side.usage.rows() for side in (before, after))
    moved = pl.concat([told.join(tells, how="anti", on=told.columns), tells.join(told, how="anti", on=told.columns)])
    found = explained(OCTOBER, before, after, moved.select(CELL).unique())
    sums = [sum(row.amount or 0 for row in side.lines(OCTOBER)) for side in (before, after)]
    assert sum(change.amount for change in found) == sums[1] - sums[0]
    order = [CAUSES.index(change.cause) for change in found]
    assert order == sorted(order)
    return found


def told(found: Sequence[Change]) -> list[tuple[str, str, Decimal]]:
    return [(change.cause, change.line.meter, change.amount) for change in found]


def with_term(term: Term, **other: object) -> Contract:
    return replace(BEFORE, terms={**BEFORE.terms, term.meter: term}, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "amount"),
    [
        ("10.00", "12.50", "2.50"),
        (None, "12.50", "12.50"),
        ("12.50", None, "-12.50"),
        (MOST, "0.05", "-123456789012345678901234567890.20"),
    ],
)
def test_a_change_is_worth_what_came_less_what_went(before: str | None, after: str | None, amount: str) -> None:
    gone, came = (line(text) if text else None for text in (before, after))
    assert Change(OCTOBER, "price", gone, came).amount == Decimal(amount)
    assert Change(OCTOBER, "price", line(before), line(after)).amount == Decimal(amount)


def test_a_change_belongs_to_the_line_it_led_to_or_to_the_one_that_is_gone() -> None:
    one, other = line("1", customer_id="c1"), line("1", customer_id="c2")
    assert Change(OCTOBER, "contract", one, other).line is other
    assert Change(OCTOBER, "contract", one, None).line is one


def test_nothing_changed() -> None:
    assert changes(basis(BEFORE), basis(BEFORE)) == []


def test_usage_that_came_late_and_usage_that_was_restated() -> None:
    """5 GB more in an hour nobody had heard of; the known hour from 10 GB to 4; or to nothing; in a null hour."""
    late: Said = ("o1", "logs_ingested", 6, 5 * 10**9)
    assert told(changes(basis(BEFORE), basis(BEFORE, said=[*SAID, late]))) == [
        ("late usage", "logs_ingested", Decimal("0.50"))
    ]
    for quantity, amount in ((4 * 10**9, "-0.60"), (None, "-1.00")):
        restated: Said = ("o1", "logs_ingested", 5, quantity)
        assert told(changes(basis(BEFORE), basis(BEFORE, said=[*SAID, restated]))) == [
            ("restated usage", "logs_ingested", Decimal(amount))
        ]
    silent: Said = ("o1", "logs_ingested", 6, None)
    found = changes(basis(BEFORE, said=[*SAID, silent]), basis(BEFORE, said=[*SAID, silent, late]))
    assert told(found) == [("late usage", "logs_ingested", Decimal("0.50"))]


def test_a_change_that_costs_nothing_is_told() -> None:
    """5 GB more of 100 committed; a GB more for nothing; one more host brings allotments that nobody needs."""
    roomy = with_term(replace(LOGS, commit_units=Decimal(100), commit_price=Decimal(1)))
    late: Said = ("o1", "logs_ingested", 6, 5 * 10**9)
    (change,) = changes(basis(roomy), basis(roomy, said=[*SAID, late]))
    assert change.before and change.after
    assert (change.before.quantity, change.after.quantity, change.amount) == (10**10, 15 * 10**9, 0)
    free, freer = (replace(LOGS, commit_units=Decimal(n), commit_price=ZERO, on_demand_price=ZERO) for n in (1, 2))
    assert told(changes(basis(with_term(free)), basis(with_term(freer)))) == [("contract", "logs_ingested", ZERO)]
    said: list[Said] = [("o1", "custom_metrics", 5, 744)]
    found = changes(basis(BEFORE, said=said), basis(with_term(replace(HOST, commit_units=Decimal(11))), said=said))
    assert told(found) == [("contract", "custom_metrics", Decimal(0)), ("contract", "infra_host", Decimal(12))]


def test_hours_that_have_passed_since_are_late_usage() -> None:
    found = changes(basis(BEFORE, until=5), basis(BEFORE, until=6))
    assert told(found) == [("late usage", "logs_ingested", Decimal("1.00"))]


@pytest.mark.parametrize(
    ("after", "cause", "meter", "amount"),
    [
        (with_term(replace(HOST, commit_price=Decimal(13))), "price", "infra_host", "10"),
        (with_term(replace(LOGS, on_demand_price=Decimal("0.20"))), "price", "logs_ingested", "1"),
        (replace(BEFORE, tiers={"logs_ingested": (Tier(None, Decimal("0.30")),)}), "price", "logs_ingested", "2"),
        (with_term(replace(HOST, commit_units=Decimal(11))), "contract", "infra_host", "12"),
        (with_term(Term("apm_host", "monthly", Decimal(1), Decimal(31))), "contract", "apm_host", "31"),
        (replace(BEFORE, terms={"logs_ingested": LOGS}), "contract", "infra_host", "-120"),
    ],
    ids=["committed", "on demand", "tiers", "units", "a term more", "a term less"],
)
def test_what_a_contract_says(after: Contract, cause: str, meter: str, amount: str) -> None:
    """3 hosts for one hour are forgiven; 10 at 12 are committed."""
    assert told(changes(basis(BEFORE), basis(after))) == [(cause, meter, Decimal(amount))]


def test_a_catalogue_with_another_price_or_rank() -> None:
    free = contract("k1", "c1")
    dearer = replace(RULES.catalog.meters["infra_host"], list_prices={"on_demand": Decimal(28)})
    rules = Rules(replace(RULES.catalog, meters={**RULES.catalog.meters, "infra_host": dearer}))
    said: list[Said] = [("o1", "infra_host", hour, 3) for hour in range(8)]
    high: list[Said] = [("o1", "infra_host", hour, 1) for hour in range(8, 744)]
    found = changes(basis(free, said=high), basis(free, said=high, rules=rules))
    assert told(found) == [("catalogue", "infra_host", Decimal(10))]
    eighth = changes(
        basis(free, said=[*said, *high]), basis(free, said=[*said, *high], rules=Rules(RULES.catalog, "eighth"))
    )
    assert told(eighth) == [("catalogue", "infra_host", Decimal(36))]


def test_where_causes_meet_each_takes_its_step_in_their_order() -> None:
    """10 GB at 0.10; then at 0.20 (+1.00); then restated to 8 GB (-0.40); then 5 GB late (+1.00)."""
    said: list[Said] = [*SAID, ("o1", "logs_ingested", 5, 8 * 10**9), ("o1", "logs_ingested", 6, 5 * 10**9)]
    after = with_term(replace(LOGS, on_demand_price=Decimal("0.20")))
    found = changes(basis(BEFORE), basis(after, said=said))
    assert [(change.cause, change.amount) for change in found] == [
        ("price", Decimal("1.00")),
        ("restated usage", Decimal("-0.40")),
        ("late usage", Decimal("1.00")),
    ]


def test_another_currency_is_another_line() -> None:
    korean = replace(
        BEFORE, currency="KRW", terms={"logs_ingested": replace(LOGS, on_demand_price=Decimal(100)), "infra_host": HOST}
    )
    found = changes(basis(BEFORE), basis(korean))
    assert {change.cause for change in found} == {"contract"}
    assert sorted((change.line.meter, change.line.currency, change.amount) for change in found) == [
        ("infra_host", "KRW", 120),
        ("infra_host", "USD", -120),
        ("logs_ingested", "KRW", 1000),
        ("logs_ingested", "USD", -1),
    ]


def test_the_changes_of_a_cause_are_in_the_order_of_the_bill() -> None:
    dearer = with_term(replace(HOST, commit_price=Decimal(13)))
    dearer = replace(dearer, terms={**dearer.terms, "logs_ingested": replace(LOGS, on_demand_price=Decimal(1))})
    found = changes(basis(BEFORE), basis(dearer))
    assert [change.line.meter for change in found] == ["infra_host", "logs_ingested"]


def prices(of: Book) -> dict[str, tuple[Decimal, Decimal | None, Decimal | None]]:
    terms = of.contracts["k1"].terms
    return {meter: (term.commit_units, term.commit_price, term.on_demand_price) for meter, term in terms.items()}


def test_a_new_book_at_the_old_prices() -> None:
    """Units are the new contract's, prices the old one's; a term, or a contract, that is new brings its own."""
    band, old_band = (Tier(None, Decimal(1)),), (Tier(None, Decimal(2)),)
    old = replace(BEFORE, tiers={"logs_ingested": old_band})
    added = Term("apm_host", "monthly", Decimal(1), Decimal(31), Decimal(40))
    changed = with_term(replace(HOST, commit_units=Decimal(11), commit_price=Decimal(13), on_demand_price=Decimal(21)))
    new = replace(
        changed, terms={**changed.terms, "apm_host": added}, tiers={"logs_ingested": band, "apm_host": band, "x": band}
    )
    other = contract("k2", "c2", replace(LOGS, on_demand_price=Decimal(9)))
    found = with_prices_of(book({}, new, other), book({}, old))
    assert prices(found) == {
        "logs_ingested": (0, None, Decimal("0.10")),
        "infra_host": (11, 12, 20),
        "apm_host": (1, 31, 40),
    }
    assert found.contracts["k1"].tiers == {"logs_ingested": old_band, "apm_host": band}
    assert found.contracts["k2"] is other
    korean = replace(new, currency="KRW")
    assert with_prices_of(book({}, korean), book({}, old)).contracts["k1"] is korean
