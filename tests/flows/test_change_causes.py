"""`floodmark bill --compare`: each cause alone is told as itself, with the amount that can be worked out by hand."""

import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.billing.sheet import Row
from tests.billing.worlds import CATALOG, World
from tests.flows.command import Workspace
from tests.flows.trio import GB, HOUR, START, changed, deliver, hosts, load, logs, term, trio, trio_book

BEFORE, AT, AFTER = "2026-11-19T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"
USA = {"contract_id": "usa-26", "meter": "infra_host"}
TOTALS = ("totals_from", "totals_to")
SIDES = (("before", "after"), ("after", "before"))
Change = Callable[[Workspace], None]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = trio(tmp_path_factory.mktemp("causes") / "workspace")
    workspace.well("bill", "2026-10", "--at", "2026-11-03T00:00:00Z", "--json")
    return workspace


@pytest.fixture
def workspace(template: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(template.path, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def usage(*rows: Row) -> Change:
    return lambda workspace: deliver(workspace, [row | {"observed_at": AT} for row in rows], AT)


def book(world: World) -> Change:
    return lambda workspace: load(workspace, world, AT)


def settings(**env: str) -> Change:
    """Rules are recorded by the first command that works with them."""

    def change(workspace: Workspace) -> None:
        workspace.env.update(env)
        workspace.well("bill", "2026-10", "--at", AT)

    return change


def catalogue(old: str, new: str) -> Change:
    def change(workspace: Workspace) -> None:
        text = CATALOG.read_text(encoding="utf-8")
        assert text.count(old) == 1
        (workspace.path / "catalogue.csv").write_text(text.replace(old, new), encoding="utf-8")
        settings(FLOODMARK_BILLING__CATALOG="catalogue.csv")(workspace)

    return change


def with_terms(*rows: Row) -> World:
    return replace(trio_book(), terms=[*trio_book().terms, *rows])


def with_tiers(contract_id: str, meter: str, *bands: tuple[str, str]) -> World:
    tiers = [{"contract_id": contract_id, "meter": meter, "up_to_units": u, "unit_price": p} for u, p in bands]
    return replace(trio_book(), tiers=tiers)


def without_term(contract_id: str, meter: str) -> World:
    terms = [row for row in trio_book().terms if (row["contract_id"], row["meter"]) != (contract_id, meter)]
    return replace(trio_book(), terms=terms)


def split(contract_id: str, day: str) -> World:
    """The contract ends on `day`, and one of the same terms follows it."""
    world = changed("contracts", {"contract_id": contract_id}, end=day)
    [old] = [row for row in world.contracts if row["contract_id"] == contract_id]
    next_ = {"contract_id": f"{contract_id}-next"}
    world.contracts.append(old | next_ | {"start": day, "end": ""})
    world.terms += [row | next_ for row in world.terms if row["contract_id"] == contract_id]
    return world


def moved_org() -> World:
    return changed("orgs", {"org_id": "korea-org"}, customer_id="usa")


def containers(hour: datetime, quantity: int, org: str = "usa-org") -> Row:
    return hosts(hour, quantity, org) | {"usage_type": "container_count"}


LATE, RESTATED = "late usage", "restated usage"
ADDED = START + 100 * HOUR
ALONE: dict[str, tuple[Change, str, dict[str, str]]] = {
    # The 9th highest of October's 744 hours is 10, so that a 9th hour of 20 bills 10 more at 18.
    "restated hosts": (usage(hosts(ADDED, 20)), RESTATED, {"USD": "180.00"}),
    "restated logs, three digits": (usage(logs(ADDED, 3 * GB, "kuwait-org")), RESTATED, {"KWD": "0.051"}),
    "restated hosts, no digits": (
        usage(hosts(ADDED, 11, "korea-org"), hosts(START, 999, "korea-org")),
        RESTATED,
        {"KRW": "18"},
    ),
    "restated to null": (usage(logs(ADDED, None)), RESTATED, {"USD": "-0.10"}),
    "restated to null and back": (usage(logs(ADDED, None), logs(ADDED, 2 * GB)), RESTATED, {"USD": "0.10"}),
    "late logs": (usage(logs(ADDED, 5 * GB, "usa-new")), LATE, {"USD": "0.50"}),
    "late hosts": (usage(*(hosts(ADDED + n * HOUR, 10, "usa-new") for n in range(9))), LATE, {"USD": "180.00"}),
    # 60 containers, of which the 10 hosts bring 50 along.
    "late, a new line": (usage(containers(ADDED, 60)), LATE, {"USD": "0.02"}),
    "late, unpriced": (usage(containers(ADDED, 60, "korea-org")), LATE, {"KRW": "0"}),
    "price on demand": (book(changed("terms", USA, on_demand_price="20")), "price", {"USD": "10.00"}),
    "price of the commitment": (book(changed("terms", USA, commit_price="15.5")), "price", {"USD": "2.50"}),
    "price, no digits": (
        book(changed("terms", {"contract_id": "korea-26"}, on_demand_price="18.1")),
        "price",
        {"KRW": "1"},  # 90.5, half away from zero, less 90
    ),
    # 2 x 10 + 3 x 20 = 80 for what was 90.
    "tiers added": (book(with_tiers("usa-26", "infra_host", ("2", "10"), ("", "20"))), "price", {"USD": "-10.00"}),
    "tiers where there is no term": (
        book(with_tiers("usa-26", "logs_ingested", ("", "0.2"))),
        "price",
        {"USD": "74.40"},
    ),
    "price found for the unpriced": (
        book(with_tiers("korea-26", "logs_ingested", ("", "100"))),
        "price",
        {"KRW": "74400"},
    ),
    "list price": (catalogue(",0.10,0.10,0.10\n", ",0.10,0.10,0.30\n"), "catalogue", {"USD": "148.80"}),
    "rank": (
        settings(FLOODMARK_BILLING__P99_RANK="eighth"),
        "catalogue",
        {"USD": "180.00", "KRW": "180", "KWD": "180.000"},
    ),
    "commit units": (book(changed("terms", USA, commit_units="6")), "contract", {"USD": "-3.00"}),
    # 744 x 10 + 8 x 10 host-hours, 5 of them committed: 75 + 7515 x 18.
    "option": (book(changed("terms", USA, option="hourly")), "contract", {"USD": "135180.00"}),
    # 50 GB at 0.08 and 694 at 0.10.
    "new term": (book(with_terms(term("usa-26", "logs_ingested", "50", "0.08", ""))), "contract", {"USD": "-1.00"}),
    "new term of a meter without use": (
        book(with_terms(term("usa-26", "apm_host", "2", "", ""))),
        "contract",
        {"USD": "62.00"},
    ),
    "removed term": (book(without_term("usa-26", "infra_host")), "contract", {"USD": "15.00"}),
    "removed term, nothing prices it": (book(without_term("korea-26", "infra_host")), "contract", {"KRW": "-165"}),
    "another partner": (
        book(changed("customers", {"customer_id": "usa"}, partner_id="choir")),
        "contract",
        {"USD": "0.00"},
    ),
    # 10 and 21 of 31 days: 24.19 + 50.81 committed, 90 each on demand, as 8 hours of 20 are forgiven to 2 and 5.
    "split": (book(split("usa-26", "2026-10-11")), "contract", {"USD": "270.00"}),
    "ended": (
        book(changed("contracts", {"contract_id": "usa-26"}, end="2026-10-01")),
        "contract",
        {"USD": "-239.40"},
    ),
    # Won have no list price for the logs.
    "currency": (
        book(changed("contracts", {"contract_id": "usa-26"}, currency="KRW")),
        "contract",
        {"USD": "-239.40", "KRW": "165"},
    ),
    # 15 hosts on demand instead of 5, and 744 GB more at the list price.
    "org moved": (book(moved_org()), "contract", {"USD": "254.40", "KRW": "-90"}),
}


def sums(changes: list[Row]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in changes:
        found[row["currency"]] += Decimal(row["amount"])
    return dict(found)


def compared(workspace: Workspace, first: str = BEFORE, second: str = AFTER) -> Any:
    return workspace.well("bill", "2026-10", "--compare", first, second, "--json").json


@pytest.mark.parametrize("name", ALONE)
def test_a_cause_alone_is_told_as_itself_and_exactly(workspace: Workspace, name: str) -> None:
    change, cause, expected = ALONE[name]
    change(workspace)
    found = compared(workspace)
    assert {row["cause"] for row in found["changes"]} == {cause}
    assert sums(found["changes"]) == {currency: Decimal(amount) for currency, amount in expected.items()}
    before, after = ({(t["partner_id"], t["currency"]): Decimal(t["amount"]) for t in found[k]} for k in TOTALS)
    by_partner: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in found["changes"]:
        by_partner[row["partner_id"], row["currency"]] += Decimal(row["amount"])
    for key in before.keys() | after.keys():
        assert by_partner[key] == after.get(key, 0) - before.get(key, 0)


@pytest.mark.parametrize("name", [name for name in ALONE if name != "restated to null"])
def test_backwards_it_is_the_same_cause_and_the_opposite_amount(workspace: Workspace, name: str) -> None:
    ALONE[name][0](workspace)
    there, back = compared(workspace)["changes"], compared(workspace, AFTER, BEFORE)["changes"]
    mirrored = [mirror(row) for row in back]
    key = lambda row: (row["cause"], row["partner_id"], row["contract_id"], row["meter"], row["currency"])  # noqa: E731
    assert sorted(mirrored, key=key) == sorted(there, key=key)


def mirror(row: Row) -> Row:
    swapped = {f"{what}_{when}": row[f"{what}_{other}"] for what in ("quantity", "amount") for when, other in SIDES}
    return row | swapped | {"amount": f"{-Decimal(row['amount']) + 0:f}"}


def test_a_customer_that_moved_is_taken_from_the_one_partner_and_given_to_the_other(workspace: Workspace) -> None:
    load(workspace, changed("customers", {"customer_id": "usa"}, partner_id="choir"), AT)
    rows = [(row["partner_id"], row["meter"], row["amount"]) for row in compared(workspace)["changes"]]
    assert rows == [
        ("band", "infra_host", "-165.00"),
        ("band", "logs_ingested", "-74.40"),
        ("choir", "infra_host", "165.00"),
        ("choir", "logs_ingested", "74.40"),
    ]


def test_all_causes_at_once_are_put_in_one_after_the_other(workspace: Workspace) -> None:
    """The rank bills 20 hosts, 6 committed cost 15 - 18, 14 more 2 each; 30 in 8 hours 200 more, 5 late ones 100."""
    restated = [hosts(START + n * HOUR, 30) for n in range(8)]
    late = [hosts(START + n * HOUR, 5, "usa-new") for n in range(8)]
    usage(*restated, *late)(workspace)
    load(workspace, changed("terms", USA, commit_units="6", on_demand_price="20"), AT)
    settings(FLOODMARK_BILLING__P99_RANK="eighth")(workspace)
    found = [row for row in compared(workspace)["changes"] if row["contract_id"] == "usa-26"]
    amounts = [(row["cause"], row["amount_before"], row["amount_after"], row["amount"]) for row in found]
    assert amounts == [
        ("catalogue", "165.00", "345.00", "180.00"),
        ("contract", "345.00", "342.00", "-3.00"),
        ("price", "342.00", "370.00", "28.00"),
        ("restated usage", "370.00", "570.00", "200.00"),
        ("late usage", "570.00", "670.00", "100.00"),
    ]


def test_a_month_in_progress_grows_by_late_usage(workspace: Workspace) -> None:
    """12 GB more from noon of the 1st to midnight; of the few hours so far the highest is billed all the time."""
    found = compared(workspace, "2026-10-01T12:00:00Z", "2026-10-02T00:00:00Z")["changes"]
    of_logs = [(row["cause"], row["amount"]) for row in found if row["contract_id"] == "usa-26"]
    assert of_logs == [("late usage", "1.20")]
    before = compared(workspace, "2026-09-15T00:00:00Z", "2026-10-01T12:00:00Z")
    assert {(t["currency"], t["amount"]) for t in before["totals_from"]} == {
        ("USD", "75.00"),
        ("KRW", "75"),
        ("KWD", "75.000"),
    }
    assert {row["cause"] for row in before["changes"]} == {"late usage"}
    assert sums(before["changes"])["USD"] == Decimal("271.20")


def test_the_table_fits_80_columns_and_names_causes_and_totals(workspace: Workspace) -> None:
    ALONE["split"][0](workspace)
    usage(logs(ADDED, 3 * GB))(workspace)
    out = workspace.well("bill", "2026-10", "--compare", BEFORE, AFTER, COLUMNS="80").out
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    assert "restated usage usa-26       logs_ingested        24.00      24.20       0.20 USD" in out.splitlines()
    for words in ("contract: 270.00 USD", "restated usage: 0.20 USD", "total band: 239.40 USD -> 509.60 USD"):
        assert words in out.splitlines()


@pytest.mark.parametrize(
    "options",
    [
        ("--as-of", BEFORE),
        ("--as-of-knowledge", BEFORE),
        ("--csv", "bill.csv"),
        ("--parquet", "bill.parquet"),
        ("--by", "org"),
    ],
)
def test_what_a_comparison_has_no_use_for_is_2(workspace: Workspace, options: tuple[str, ...]) -> None:
    done = workspace.call("bill", "2026-10", "--compare", BEFORE, AFTER, *options)
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize("times", [("yesterday", AFTER), (BEFORE, "2150-01-01T00:00:00Z")])
def test_a_time_that_is_none_is_2(workspace: Workspace, times: tuple[str, str]) -> None:
    done = workspace.call("bill", "2026-10", "--compare", *times)
    assert (done.code, done.out) == (2, "")
