"""The clocks of contracts, by the rules' own examples."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from alerts.contract_clocks import clocks, commitment, last_change
from billing.bill import Line
from billing.book import Contract, Term
from billing.book_store import Products
from billing.catalog import load as catalog

YEAR = Contract("k1", "c", "annual", date(2026, 1, 1), date(2027, 1, 1), "USD", {"infra_host": Term("infra_host")})
NOVEMBER = date(2026, 11, 10)


def line(meter: str, quantity: str, contract_id: str = "k1") -> Line:
    many = Decimal(quantity)
    return Line("p", "c", contract_id, meter, "p99", many, Decimal(0), many, None, None, many, "USD", 1, 1, None)


def due(*contracts: Contract, today: date = NOVEMBER, used: tuple[Line, ...] = ()) -> list[tuple[str, str]]:
    """What has to be done, and the trials."""
    return [(one.what, one.day.isoformat()) for one in clocks(contracts, used, today) if one.what != "change"]


def test_an_annual_contract_wants_notice_120_days_before_its_end_and_late_notice_is_still_shown() -> None:
    assert due(YEAR) == [("notice", "2026-09-03"), ("end", "2027-01-01")]
    assert due(YEAR, today=date(2027, 1, 1)) == [], "it is over"
    assert due(replace(YEAR, end=None)) == []


def test_a_contract_that_another_follows_is_renewed() -> None:
    follows = replace(YEAR, contract_id="k2", start=date(2027, 1, 1), end=date(2028, 1, 1))
    assert due(YEAR, follows) == [("notice", "2027-09-03"), ("end", "2028-01-01")]


def test_a_month_to_month_contract_goes_on_from_the_first_if_it_is_demanded_on_the_24th() -> None:
    monthly = replace(YEAR, plan="month_to_month", end=None)
    november = [("quote", "2026-11-17"), ("demand", "2026-11-24"), ("start", "2026-12-01")]
    assert due(monthly) == due(monthly, today=date(2026, 11, 24)) == november
    assert due(monthly, today=date(2026, 11, 25))[1] == ("demand", "2026-12-24")
    assert due(monthly, today=date(2026, 12, 31))[-1] == ("start", "2027-02-01")


def test_on_demand_has_no_clock() -> None:
    assert due(replace(YEAR, plan="on_demand")) == []


def test_what_is_used_off_the_contract_can_be_tried_until_the_15th() -> None:
    used = (line("apm_host", "3"), line("infra_host", "3"), line("log_index", "0"), line("apm_host", "3", "other"))
    later = replace(YEAR, end=date(2028, 1, 1))
    assert due(later, used=used, today=date(2026, 11, 15))[0] == ("trial", "2026-11-15")
    assert "trial" not in dict(due(later, used=used, today=date(2026, 11, 16)))
    assert [one.meter for one in clocks([later], used, NOVEMBER) if one.what == "trial"] == ["apm_host"]


def test_an_annual_contract_takes_a_change_a_month_until_it_is_used_up() -> None:
    def change(today: date, changed: dict[str, date] | None = None) -> list[tuple[date, date | None, bool]]:
        found = clocks([YEAR], (), today, changed)
        return [(one.day, one.used, one.must) for one in found if one.what == "change"]

    assert change(NOVEMBER) == [(date(2026, 11, 30), None, False)]
    assert change(date(2028, 2, 29)) == change(date(2025, 12, 31)) == [], "it does not hold"
    assert change(NOVEMBER, {"k1": date(2026, 11, 4)}) == [(date(2026, 11, 30), date(2026, 11, 4), False)]
    monthly = replace(YEAR, plan="month_to_month")
    assert not [one for one in clocks([monthly], (), NOVEMBER) if one.what == "change"]


def test_more_of_a_product_is_a_change_and_another_price_of_it_is_none() -> None:
    def history(*terms: dict[str, Term]) -> list[Products]:
        return [Products(datetime(2026, 11, 1 + n, 23, tzinfo=UTC), each) for n, each in enumerate(terms)]

    one, two = Term("infra_host", commit_units=Decimal(10)), Term("infra_host", commit_units=Decimal(20))
    dearer = replace(one, commit_price=Decimal(30))
    hosts, more = {"infra_host": one}, {"infra_host": one, "apm_host": Term("apm_host")}
    assert last_change(history()) is last_change(history(hosts)) is None
    assert last_change(history(hosts, {"infra_host": dearer}, hosts)) is None
    assert last_change(history(hosts, {"infra_host": two}, {"infra_host": two})) == date(2026, 11, 2)
    assert last_change(history(hosts, more, hosts)) == date(2026, 11, 3)


def test_a_commitment_is_known_where_every_price_is() -> None:
    hosts = Term("infra_host", commit_units=Decimal(10), commit_price=Decimal("15.5"))
    apm = Term("apm_host", commit_units=Decimal(2))
    both = replace(YEAR, terms={"infra_host": hosts, "apm_host": apm})
    listed = catalog().meters["apm_host"].list_prices["annual"]
    assert commitment(both, catalog().meters) == Decimal(155) + 2 * (listed or 0)
    assert commitment(replace(both, currency="EUR"), catalog().meters) is None, "list prices are in USD"
