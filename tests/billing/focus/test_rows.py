"""FOCUS rows against the bill they come from: figures by hand, and what has to hold on every row."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from billing.book import Term, Tier
from billing.changes import Change
from billing.errors import InputError
from billing.focus import v1_2
from billing.focus.charges import spread
from billing.focus.names import pricing_unit
from billing.focus.rows import unpriced
from tests.billing.focus.money import judge_money
from tests.billing.focus.months import (
    CATALOG,
    CLOSED,
    MONTH,
    Export,
    contract_of,
    every_kind,
    exports,
    line_of,
    statement_of,
)

Row = dict[str, Any]
HOSTS, LOGS, METRICS = (CATALOG.meters[name] for name in ("infra_host", "logs_ingested", "custom_metrics"))


def rows_of(
    term: Term, quantity: int | Decimal, tiers: tuple[Tier, ...] = (), start: date = date(2026, 1, 1)
) -> list[Row]:
    """The rows of one line in USD."""
    contract = contract_of("USD", {term.meter: term}, {term.meter: tiers} if tiers else {}, start)
    line = line_of(contract, CATALOG.meters[term.meter], MONTH, Decimal(quantity))
    return v1_2.rows(statement_of([contract], [line], MONTH, "final"), CATALOG, (), {}).to_dicts()


def figures(rows: list[Row], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(int(row[c]) if row[c] == int(row[c]) else row[c] for c in columns) for row in rows]


def test_a_commitment_half_used_is_bought_once_and_amortised_over_its_use() -> None:
    rows = rows_of(Term("infra_host", commit_units=Decimal(10), commit_price=Decimal(14)), 7)
    assert [row["SkuPriceId"] for row in rows] == [f"infra_host/{kind}" for kind in ("purchase", "used", "unused")]
    assert [row["ChargeCategory"] for row in rows] == ["Purchase", "Usage", "Usage"]
    assert [row["CommitmentDiscountStatus"] for row in rows] == [None, "Used", "Unused"]
    # Bought at 14 where the list says 15; covers use that costs 18 without it.
    assert figures(rows, "PricingQuantity", "BilledCost", "EffectiveCost", "ContractedCost", "ListCost") == [
        (10, 140, 0, 140, 150),
        (7, 0, 98, 126, 126),
        (3, 0, 42, 54, 54),
    ]
    assert [row["ConsumedQuantity"] for row in rows] == [None, 7, None]
    assert {row["CommitmentDiscountId"] for row in rows} == {"k-USD/infra_host"}


def test_what_is_beyond_the_commitment_is_on_demand_in_its_tiers() -> None:
    tiers = (Tier(Decimal(100), Decimal("2")), Tier(None, Decimal("1.5")))
    rows = rows_of(Term("logs_ingested", commit_units=Decimal(5), commit_price=Decimal(1)), 125 * 10**9, tiers)
    assert [row["SkuPriceId"].removeprefix("logs_ingested/") for row in rows] == [
        "purchase",
        "used",
        "on_demand/1",
        "on_demand/2",
    ]
    assert figures(rows[2:], "PricingQuantity", "ContractedUnitPrice", "BilledCost", "EffectiveCost") == [
        (100, 2, 200, 200),
        (20, Decimal("1.5"), 30, 30),
    ]
    (only,) = rows_of(Term("logs_ingested"), 100 * 10**9, tiers)
    assert only["SkuPriceId"] == "logs_ingested/on_demand/1"


def test_usage_that_is_included_and_a_line_without_usage_are_shown_for_nothing() -> None:
    (idle,) = rows_of(Term("rum_session"), 0)
    assert figures([idle], "PricingQuantity", "ConsumedQuantity", "BilledCost", "ListCost") == [(0, 0, 0, 0)]
    contract = contract_of("USD", {}, {}, date(2026, 1, 1))
    line = line_of(contract, METRICS, MONTH, Decimal(1500), included=Decimal(1000))
    rows = v1_2.rows(statement_of([contract], [line], MONTH, "final"), CATALOG, (), {}).to_dicts()
    assert figures(rows, "ConsumedQuantity", "BilledCost") == [(5, 25), (10, 0)]
    assert [row["SkuPriceId"] for row in rows] == ["custom_metrics/on_demand", "custom_metrics/included"]


def test_a_commitment_is_drawn_on_after_the_allotment() -> None:
    term = Term("custom_metrics", commit_units=Decimal(10), commit_price=Decimal(4))
    contract = contract_of("USD", {"custom_metrics": term}, {}, date(2026, 1, 1))
    line = line_of(contract, METRICS, MONTH, Decimal(1600), included=Decimal(1000))
    rows = v1_2.rows(statement_of([contract], [line], MONTH, "final"), CATALOG, (), {}).to_dicts()
    assert [row["SkuPriceId"].split("/")[1] for row in rows] == ["purchase", "used", "unused", "included"]
    assert figures(rows, "PricingQuantity", "EffectiveCost") == [(10, 0), (6, 24), (4, 16), (10, 0)]


@pytest.mark.parametrize(("quantity", "status"), [(0, "Unused"), (3, "Used")])
def test_a_commitment_that_is_compared_by_the_hour_is_used_when_the_meter_was_seen(quantity: int, status: str) -> None:
    term = Term("custom_metrics", "hourly", Decimal(10), Decimal(4))
    rows = rows_of(term, quantity)
    assert [row["CommitmentDiscountStatus"] for row in rows[:2]] == [None, status]
    assert figures(rows[1:2], "PricingQuantity", "EffectiveCost") == [(10, 40)]


def test_a_byte_at_a_price_of_six_decimals_is_exact() -> None:
    (row,) = rows_of(Term("logs_ingested", on_demand_price=Decimal("0.123457")), 1)
    assert row["PricingQuantity"] == row["ConsumedQuantity"] == Decimal("1e-9")
    assert row["ContractedCost"] == Decimal("0.123457e-9")


def test_a_commitment_from_the_tenth_is_billed_for_22_days_and_entitles_to_all_of_it() -> None:
    bought, *_ = rows_of(
        Term("infra_host", commit_units=Decimal(31), commit_price=Decimal(10)), 31, start=date(2026, 10, 10)
    )
    assert figures([bought], "BilledCost", "PricingQuantity", "CommitmentDiscountQuantity") == [(220, 22, 31)]
    assert (bought["ChargePeriodStart"].day, bought["BillingPeriodStart"].day) == (10, 1)


def test_where_the_vendor_lists_no_price_the_contracted_one_stands_for_it_and_says_so() -> None:
    contract = contract_of(
        "KRW", {"infra_host": Term("infra_host", on_demand_price=Decimal(25_000))}, {}, date(2026, 1, 1)
    )
    line = line_of(contract, HOSTS, MONTH, Decimal(2))
    (row,) = v1_2.rows(statement_of([contract], [line], MONTH, "final"), CATALOG, (), {}).to_dicts()
    assert figures([row], "ListUnitPrice", "ListCost", "BilledCost") == [(25_000, 50_000, 50_000)]
    assert row["x_ListPriceBasis"] == "contract"
    assert rows_of(Term("infra_host"), 2)[0]["x_ListPriceBasis"] == "catalogue"


def test_an_unpriced_line_has_no_row_and_is_told() -> None:
    contract = contract_of("KRW", {}, {}, date(2026, 1, 1))
    statement = statement_of([contract], [line_of(contract, HOSTS, MONTH, Decimal(2))], MONTH, "final")
    assert v1_2.rows(statement, CATALOG, (), {}).height == 0
    assert [line.fault for line in unpriced(statement)] == ["unpriced: no on-demand price for infra_host in k-KRW"]


def test_late_usage_of_a_closed_month_is_a_delta_in_the_open_one() -> None:
    """As scenario 2 of the specification's corrections: new billing period, old charge period, the added quantity."""
    contract = contract_of("USD", {}, {}, date(2026, 1, 1))
    before, after = (line_of(contract, HOSTS, CLOSED, Decimal(q)) for q in (10, 13))
    statement = statement_of([contract], [], MONTH, "estimate")
    (row,) = v1_2.rows(statement, CATALOG, [Change(CLOSED, "late usage", before, after)], {}).to_dicts()
    assert (row["ChargeCategory"], row["ChargeClass"]) == ("Usage", "Correction")
    assert (row["BillingPeriodStart"].month, row["ChargePeriodStart"].month) == (10, 9)
    assert figures([row], "PricingQuantity", "ConsumedQuantity", "ListUnitPrice", "BilledCost") == [(3, 3, 18, 54)]
    assert row["x_CorrectionCause"] == "late usage"


@pytest.mark.parametrize("cause", ["price", "contract", "catalogue"])
def test_corrected_terms_are_an_adjustment_of_the_amount_alone(cause: str) -> None:
    """As scenario 3: no quantities, also where another roll-up made another quantity."""
    contract = contract_of("USD", {}, {}, date(2026, 1, 1))
    before, after = (line_of(contract, HOSTS, CLOSED, Decimal(q)) for q in (10, 9))
    statement = statement_of([contract], [], MONTH, "estimate")
    (row,) = v1_2.rows(statement, CATALOG, [Change(CLOSED, cause, before, after)], {}).to_dicts()
    assert (row["ChargeCategory"], row["PricingQuantity"], row["ConsumedQuantity"]) == ("Adjustment", None, None)
    assert {row[cost] for cost in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")} == {-18}


def test_late_usage_at_terms_that_no_longer_hold_is_an_adjustment() -> None:
    """Today's price times the added quantity would not be what it cost."""
    contract = contract_of("USD", {}, {}, date(2026, 1, 1))
    lines = [line_of(contract, HOSTS, CLOSED, Decimal(q)) for q in (10, 13)]
    old_terms = [replace(line, on_demand_amount=line.quantity * 20, amount=line.quantity * 20) for line in lines]
    old_commitment = [replace(line, committed_amount=Decimal(5), amount=(line.amount or 0) + 5) for line in lines]
    no_contract = [replace(line, contract_id="gone") for line in lines]
    for (before, after), amount in ((old_terms, 60), (old_commitment, 54), (no_contract, 54)):
        change = Change(CLOSED, "late usage", before, after)
        (row,) = v1_2.rows(statement_of([contract], [], MONTH, "estimate"), CATALOG, [change], {}).to_dicts()
        assert (row["ChargeCategory"], row["PricingQuantity"], row["BilledCost"]) == ("Adjustment", None, amount)


def test_a_change_that_leaves_the_line_as_it_was_writes_nothing() -> None:
    contract = contract_of("USD", {}, {}, date(2026, 1, 1))
    line = line_of(contract, HOSTS, CLOSED, Decimal(10))
    changes = [Change(CLOSED, cause, line, line) for cause in ("late usage", "price")]
    assert v1_2.rows(statement_of([contract], [], MONTH, "estimate"), CATALOG, changes, {}).height == 0


def test_the_money_of_a_month_of_every_kind() -> None:
    export = every_kind()
    rows = v1_2.rows(*export.arguments).to_dicts()
    judge_money(export, rows)
    assert {row["SkuPriceId"].split("/", 1)[1] for row in rows if row["SkuPriceId"]} == {
        *("purchase", "used", "unused", "included", "on_demand"),
        *("on_demand/1", "on_demand/2", "on_demand/3"),
    }
    assert {row["BillingCurrency"] for row in rows} == {"USD", "KRW", "KWD"}


@given(exports())
def test_the_money_of_any_line(export: Export) -> None:
    judge_money(export, v1_2.rows(*export.arguments).to_dicts())


@given(exports())
def test_consumption_adds_up_to_the_quantity(export: Export) -> None:
    """Per priced unit. The hourly mean is what is left after the commitment, so it says nothing of what was drawn."""
    (line,) = export.statement.lines
    rows = v1_2.rows(export.statement, CATALOG, (), {}).to_dicts()
    if rows and line.rollup != "hourly_overage_mean":
        consumed = sum(Fraction(row["ConsumedQuantity"] or 0) for row in rows)
        exact = Fraction(line.quantity) / CATALOG.meters[line.meter].per
        assert abs(consumed - exact) <= Fraction(len(rows), 2 * 10**11)


@given(exports())
def test_the_closed_month_and_its_corrections_are_the_corrected_month(export: Export) -> None:
    """In every cost and quantity of every price, not in the total alone."""

    def sums(*frames: list[Row]) -> dict[tuple[Any, ...], list[Fraction]]:
        found: dict[tuple[Any, ...], list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 6)
        names = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity", "ConsumedQuantity")
        for row in (row for frame in frames for row in frame):
            key = (row["SkuPriceId"], row["ContractedUnitPrice"], row["ListUnitPrice"])
            found[key] = [a + Fraction(row[name] or 0) for a, name in zip(found[key], names, strict=True)]
        return {key: value for key, value in found.items() if any(value)}

    contracts = list(export.statement.book.contracts.values())
    for change in export.corrections:
        assert change.before and change.after
        if change.before.amount is None or change.after.amount is None:
            continue
        issued, corrected = (
            v1_2.rows(statement_of(contracts, [line], CLOSED, "final"), CATALOG, (), {}).to_dicts()
            for line in (change.before, change.after)
        )
        empty = statement_of(contracts, [], MONTH, "estimate")
        assert sums(issued, v1_2.rows(empty, CATALOG, [change], {}).to_dicts()) == sums(corrected)


def test_numbers_that_no_column_can_hold_are_named_and_never_rounded() -> None:
    with pytest.raises(InputError) as error:
        rows_of(Term("infra_host", on_demand_price=Decimal("0.12345678901234567")), 10**9)
    assert {fault.column for fault in error.value.faults} >= {"ContractedUnitPrice"}
    with pytest.raises(InputError) as error:
        rows_of(Term("infra_host", on_demand_price=Decimal(10) ** 20), 100)
    assert {fault.column for fault in error.value.faults} >= {"BilledCost", "ContractedCost"}


def test_names_that_are_not_ascii_stay_in_columns_of_their_own() -> None:
    """The official validator takes ASCII alone; the specification and the toolkit take anything."""
    contract = replace(contract_of("KRW", {}, {}, date(2026, 1, 1)), contract_id="계약/1")
    line = line_of(contract, CATALOG.meters["npm_host"], MONTH, Decimal(0))
    (row,) = v1_2.rows(statement_of([contract], [line], MONTH, "final"), CATALOG, (), {}).to_dicts()
    assert (row["InvoiceIssuerName"], row["x_PartnerName"]) == ("p-KRW", "한빛 데이터, 주식회사")
    assert row["SubAccountId"] == "%EA%B3%84%EC%95%BD/1"


@pytest.mark.parametrize(
    ("meter", "option", "unit"),
    [
        ("infra_host", "monthly", "host"),
        ("infra_host", "hourly", "host-Hours"),
        ("infra_container", "monthly", "container-Hours"),
        ("indexed_spans", "monthly", "1000000 spans"),
        ("rum_session", "monthly", "1000 sessions"),
        ("logs_ingested", "monthly", "GB"),
    ],
)
def test_units_are_in_the_words_of_focus(meter: str, option: str, unit: str) -> None:
    contract = contract_of("USD", {meter: Term(meter, option)}, {}, date(2026, 1, 1))
    assert pricing_unit(line_of(contract, CATALOG.meters[meter], MONTH, Decimal(0)), CATALOG.meters[meter]) == unit


def test_parts_are_differences_of_rounded_sums() -> None:
    thirds = [Decimal(1)] * 3
    assert spread(Decimal("0.05"), thirds, "USD") == [Decimal("0.02"), Decimal("0.01"), Decimal("0.02")]
    assert spread(Decimal(100), thirds, "KRW") == [Decimal(33), Decimal(34), Decimal(33)]
    assert spread(Decimal(7), [Decimal(0)] * 2, "KRW") == [Decimal(7), Decimal(0)]
