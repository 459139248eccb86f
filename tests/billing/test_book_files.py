"""The book's files: every rule of the contract, and every fault named in its place."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billing.book import Book, Contract, Customer, Org, Partner, Term, Tier
from tests.billing.book_folder import GOOD, Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_good_book_says_what_its_files_say(folder: Folder) -> None:
    hosts, metrics = Term("infra_host", "monthly", Decimal(20), Decimal("15.5")), ("custom_metrics", "hourly")
    tiers = (Tier(Decimal(10), Decimal(18)), Tier(Decimal("20.5"), Decimal(16)), Tier(None, Decimal("14.25")))
    emails = ("a@partner.example", "b@partner.example")
    assert folder.read() == Book(
        partners={
            "p1": Partner("p1", "Acme", "basic", "Asia/Seoul", "ko", "USD", "daily", emails),
            "p2": Partner("p2", "한빛 데이터", "gold", "America/New_York", "en", "KRW", "none", ()),
        },
        customers={
            "c1": Customer("c1", "p1", "First", 120, "registered"),
            "c2": Customer("c2", "p2", "Second", None, "none"),
        },
        orgs={"o1": Org("o1", "c1", "Production"), "o2": Org("o2", "c1", ""), "o3": Org("o3", "c2", "Ёлка")},
        contracts={
            "k1": Contract(
                *("k1", "c1", "annual", date(2025, 1, 1), date(2026, 1, 1), "USD"),
                terms={"infra_host": hosts, "custom_metrics": Term(*metrics, Decimal("0.5"), None, Decimal(7))},
                tiers={"infra_host": tiers},
            ),
            "k2": Contract(
                *("k2", "c1", "month_to_month", date(2026, 1, 1), None, "USD"),
                terms={"infra_host": Term("infra_host", "monthly", Decimal(20))},
            ),
            "k3": Contract(
                *("k3", "c2", "on_demand", date(2026, 1, 1), None, "KRW"),
                tiers={"logs_ingested": (Tier(None, Decimal("0.085")),)},
            ),
        },
    )


P, C, G, K, T, B = "partners.csv", "customers.csv", "orgs.csv", "contracts.csv", "terms.csv", "tiers.csv"
RULES = [
    (P, ",Acme,basic,UTC,ko,USD,daily,", "partner_id: is empty"),
    (P, "p3,,basic,UTC,ko,USD,daily,", "name: is empty"),
    (P, "p1,Again,basic,UTC,ko,USD,daily,", "partner_id: 'p1' stands there twice"),
    (P, "p3,X,silver,UTC,ko,USD,daily,", "tier: 'silver' is none of basic, gold"),
    (P, "p3,X,gold,Asia/Soul,ko,USD,daily,", "time_zone: 'Asia/Soul' is not a time zone"),
    (P, "p3,X,gold,,ko,USD,daily,", "time_zone: '' is not a time zone"),
    (P, "p3,X,gold,../UTC,ko,USD,daily,", "time_zone: '../UTC' is not a time zone"),
    (P, "p3,X,gold,UTC,de,USD,daily,", "language: 'de' is none of en, ko, ru"),
    (P, "p3,X,gold,UTC,en,usd,daily,", "currency: 'usd' is not an ISO 4217 currency code"),
    (P, "p3,X,gold,UTC,en,USD,hourly,", "digest: 'hourly' is none of daily, weekly, none"),
    (P, "p3,X,gold,UTC,en,USD,daily,a@b.example;a b@c.example", "emails: 'a b@c.example' is not an e-mail address"),
    (P, "p3,X,gold,UTC,en,USD,daily,a@b.example,c@d.example", "has 9 cells where the header has 8"),
    (P, "p3,X\x07,gold,UTC,en,USD,daily,", "name: holds a control character"),
    (P, f"p3,{'X' * 201},gold,UTC,en,USD,daily,", "name: is longer than 200 characters"),
    (C, "c1,p1,Again,5,none", "customer_id: 'c1' stands there twice"),
    (C, "c3,p9,X,5,none", "partner_id: 'p9' is not in partners.csv"),
    (C, "c3,p1,X,-5,none", "employees: '-5' is not a number of 0 or more"),
    (C, "c3,p1,X,1.5,none", "employees: '1.5' is not a whole number"),
    (C, "c3,p1,X,5,stolen", "deal: 'stolen' is none of none, registered, takeover"),
    (G, "o1,c1,X", "org_id: 'o1' stands there twice"),
    (G, "o4,c9,X", "customer_id: 'c9' is not in customers.csv"),
    (G, ",c1,X", "org_id: is empty"),
    (K, "k1,c2,annual,2020-01-01,2021-01-01,USD", "contract_id: 'k1' stands there twice"),
    (K, "k4,c9,annual,2020-01-01,2021-01-01,USD", "customer_id: 'c9' is not in customers.csv"),
    (K, "k4,c2,weekly,2020-01-01,2021-01-01,USD", "plan: 'weekly' is none of annual, month_to_month, on_demand"),
    (K, "k4,c2,annual,20-01-01,2021-01-01,USD", "start: '20-01-01' is not a date: write YYYY-MM-DD"),
    (K, "k4,c2,annual,,2021-01-01,USD", "start: '' is not a date: write YYYY-MM-DD"),
    (K, "k4,c2,annual,2020-02-30,2021-01-01,USD", "start: '2020-02-30' is not a date"),
    (K, "k4,c2,annual,2020-01-01,2020-01-01,USD", "end: 2020-01-01 is not after the start 2020-01-01"),
    (K, "k4,c2,annual,2020-01-01,2021-01-01,EURO", "currency: 'EURO' is not an ISO 4217 currency code"),
    (K, "k4,c1,annual,2025-12-31,2026-01-01,USD", "start: overlaps the contract 'k1' of the same customer"),
    (T, "k9,infra_host,monthly,5,1,1", "contract_id: 'k9' is not in contracts.csv"),
    (T, "k3,infra_hosts,monthly,5,1,1", "meter: 'infra_hosts' is not in the catalogue"),
    (T, "k3,infra_host,yearly,5,1,1", "option: 'yearly' is none of monthly, hourly"),
    (T, "k3,infra_host,monthly,-5,1,1", "commit_units: '-5' is not a number of 0 or more"),
    (T, "k3,infra_host,monthly,5,1e3,1", "commit_price: '1e3' is not a number of 0 or more"),
    (T, 'k3,infra_host,monthly,5,1,"1,50"', "on_demand_price: '1,50' is not a number of 0 or more"),
    (T, "k3,infra_host,monthly,NaN,1,1", "commit_units: 'NaN' is not a number of 0 or more"),
    (T, "k1,infra_host,hourly,5,1,1", "meter: the contract 'k1' has a term for 'infra_host' already"),
    (B, "k9,apm_host,,5", "contract_id: 'k9' is not in contracts.csv"),
    (B, "k3,apm_hosts,,5", "meter: 'apm_hosts' is not in the catalogue"),
    (B, "k3,apm_host,,", "unit_price: is empty"),
    (B, "k3,apm_host,,free", "unit_price: 'free' is not a number of 0 or more"),
    (B, "k3,apm_host,5,5", "up_to_units: the last band of a meter must be empty"),
]


@pytest.mark.parametrize(("name", "line", "what"), RULES, ids=[what for *_, what in RULES])
def test_every_rule_is_checked(folder: Folder, name: str, line: str, what: str) -> None:
    folder.add(name, line)
    found = folder.faults()
    assert len(found) == 1, found
    assert found[0].startswith(f"{name}:{len(folder.lines[name])}: {what}")


BANDS: list[tuple[Sequence[str], list[int]]] = [
    (("5,1", "5,2", ",3"), [7]),
    (("5,1", "4,2", ",3"), [7]),
    (("0,1", ",3"), [6]),
    ((",1", "5,2", ",3"), [6]),
    (("5,1", "6,2", ",3"), []),
]


@pytest.mark.parametrize(("bands", "at"), BANDS)
def test_bands_ascend_and_only_the_last_is_without_end(folder: Folder, bands: Sequence[str], at: list[int]) -> None:
    for band in bands:
        folder.add(B, f"k3,apm_host,{band}")
    found = folder.faults()
    assert [line.split(": ")[:2] for line in found] == [[f"tiers.csv:{line}", "up_to_units"] for line in at]


def test_a_book_with_many_faults_names_every_one(folder: Folder) -> None:
    for name, line, text in [
        (P, 2, "p1,Acme,best,Mars,ko,USD,daily,nobody"),
        (C, 3, "c2,p9,Second,many,none"),
        (G, 4, "o1,c1,Ёлка"),
        (K, 3, "k2,c1,monthly,2025-12-01,,USD"),
        (T, 2, "k1,infra_host,monthly,x,y,z"),
        (B, 3, "k1,infra_host,3,-1"),
    ]:
        folder.set(name, line, text)
    assert {" ".join(fault.split(": ")[:2]) for fault in folder.faults()} == {
        *("partners.csv:2 tier", "partners.csv:2 time_zone", "partners.csv:2 emails"),
        *("customers.csv:3 partner_id", "customers.csv:3 employees"),
        *("orgs.csv:4 org_id", "contracts.csv:3 plan", "contracts.csv:3 start"),
        *("terms.csv:2 commit_units", "terms.csv:2 commit_price", "terms.csv:2 on_demand_price"),
        *("tiers.csv:3 up_to_units", "tiers.csv:3 unit_price"),
    }


def test_faults_come_file_by_file_and_line_by_line(folder: Folder) -> None:
    folder.add(B, "k9,apm_host,,1")
    folder.add(P, "p3,,gold,UTC,en,USD,daily,")
    folder.set(P, 2, "p1,,gold,UTC,en,USD,daily,")
    assert [line.split(": ")[0] for line in folder.faults()] == ["partners.csv:2", "partners.csv:4", "tiers.csv:6"]


def test_where_a_customer_lives_may_be_said_and_must_then_be_right(folder: Folder) -> None:
    said = {1: ",country,time_zone", 2: ",,", 3: ",KR,Asia/Seoul"}
    for line, more in said.items():
        folder.set(C, line, GOOD[C][line - 1] + more)
    customers = folder.read().customers
    assert [(one.time_zone, one.country) for one in customers.values()] == [("", ""), ("Asia/Seoul", "KR")]
    folder.set(C, 3, GOOD[C][2] + ",Korea,Seoul")
    assert folder.faults() == [
        "customers.csv:3: time_zone: 'Seoul' is not a time zone, such as Asia/Seoul",
        "customers.csv:3: country: 'Korea' is not an ISO 3166 country code of two letters, such as KR",
    ]


def test_contracts_that_all_overlap_are_each_named_once(folder: Folder) -> None:
    """Not once for every pair, which for a few thousand of them would take hours and fill the machine."""
    for i in range(2000):
        folder.add(K, f"x{i},c2,annual,2010-01-01,,KRW")
    found = folder.faults()
    assert len(found) == 2000
    assert all("overlaps the contract 'x0' of the same customer" in fault for fault in found)


def test_a_contract_inside_a_long_one_is_seen_behind_a_short_one(folder: Folder) -> None:
    for name, span in {
        "long": "2010-01-01,2014-01-01",
        "short": "2010-02-01,2010-03-01",
        "late": "2013-01-01,2013-02-01",
    }.items():
        folder.add(K, f"{name},c2,annual,{span},KRW")
    assert [fault.split(": ")[2] for fault in folder.faults()] == [
        "overlaps the contract 'long' of the same customer"
    ] * 2


def test_a_book_file_has_a_limit(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.limits.BOOK_FILE", 100)
    assert any(fault.startswith("terms.csv: is larger than") for fault in folder.faults())
