"""The demo sample is what its README and incidents.csv say, and its script makes it again."""

import csv
import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from billing import catalog
from billing.book import Book
from billing.book_files import read_book
from billing.frames import KEY
from billing.hours import DAY, HOUR, Month

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "deployments/sample"
PANEL = ROOT / "../shared/data/series/panel.parquet"
NO_PANEL = "the folder shared is not beside the repository"
MONTH = Month(2026, 9)
EXPORTED = MONTH.end - timedelta(hours=10)
FIRST = EXPORTED - 75 * DAY
NOT_SPIKES = {"first_use", "ramp", "restated"}


def rows(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


INCIDENTS = rows("incidents.csv")
VERDICTS = rows("verdicts.csv")
SERIES = rows("series.csv")


def called(row: dict[str, str]) -> str:
    return f"{row['org_id']} {row['meter']}"


def span(incident: dict[str, str]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(incident["start"]), datetime.fromisoformat(incident["end"])


def of(incident: dict[str, str]) -> pl.Expr:
    inside = pl.col("hour").is_between(*span(incident), closed="left")
    return inside & (pl.col("org_id") == incident["org_id"]) & (pl.col("meter") == incident["meter"])


def kind(name: str) -> dict[str, str]:
    [incident] = [row for row in INCIDENTS if row["kind"] == name]
    return incident


@pytest.fixture(scope="module")
def usage() -> pl.DataFrame:
    """The rows as they stand in the file."""
    return pl.read_parquet(SAMPLE / "usage.parquet")


@pytest.fixture(scope="module")
def book() -> Book:
    return read_book(SAMPLE / "book", catalog.load())


@pytest.fixture(scope="module")
def settled(usage: pl.DataFrame) -> pl.DataFrame:
    """The values that hold in the end, with `meter`, `planted`, and `ratio` to the median of the hour of the week.

    Planted hours are no part of that median.
    """
    names = pl.DataFrame(SERIES).select("org_id", "product_family", "usage_type", "meter").filter(pl.col("meter") != "")
    hour_of_week = (pl.col("hour") - FIRST).dt.total_hours() % 168
    unplanted = pl.col("quantity").filter(~pl.col("planted"))
    return (
        usage.unique(KEY, keep="last", maintain_order=True)
        .join(names, on=names.columns[:3])
        .with_columns(planted=pl.any_horizontal([of(i) for i in INCIDENTS if i["kind"] != "restated"]))
        .with_columns(ratio=pl.col("quantity") / unplanted.median().over("org_id", "meter", hour_of_week))
        .sort("org_id", "meter", "hour")
    )


def test_it_has_the_promised_size_and_span(settled: pl.DataFrame, book: Book) -> None:
    assert (len(book.partners), len(book.customers), len(book.orgs)) == (3, 12, 25)
    assert settled["meter"].n_unique() == 21
    assert (settled["hour"].min(), settled["hour"].max()) == (FIRST, EXPORTED - HOUR)
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 2_500_000


def test_the_book_has_each_kind_of_contract(book: Book) -> None:
    contracts = book.contracts.values()
    assert {c.plan for c in contracts} == {"annual", "month_to_month", "on_demand"}
    assert {c.currency for c in contracts} == {"USD", "KRW", "EUR"}
    assert [c.customer_id for c in contracts if c.start == date(2026, 9, 11)] == ["thistle"]
    assert {c.contract_id for c in contracts if any(t.option == "hourly" for t in c.terms.values())} == {"oriole-2026"}
    assert {(c.contract_id, meter) for c in contracts for meter in c.tiers} == {("marigold-2026", "logs_indexed_15day")}
    assert {(p.language, p.time_zone) for p in book.partners.values()} == {
        ("ko", "Asia/Seoul"),
        ("en", "America/New_York"),
        ("ru", "Asia/Almaty"),
    }


def test_contracts_in_other_currencies_price_all_that_is_used(settled: pl.DataFrame, book: Book) -> None:
    used = settled.select("org_id", "meter").filter(pl.col("org_id").is_in(list(book.orgs))).unique().rows()
    for contract in (c for c in book.contracts.values() if c.currency != "USD"):
        mine = {meter for org, meter in used if book.orgs[org].customer_id == contract.customer_id}
        assert mine == {t.meter for t in contract.terms.values() if t.on_demand_price is not None}


def test_what_no_customer_and_no_meter_has_is_there_on_purpose(usage: pl.DataFrame, book: Book) -> None:
    meters = catalog.load()
    of_type = meters.of_type()
    assert set(usage["org_id"]) ^ set(book.orgs) == {"forgotten-trial"}
    unbilled = [row for row in usage.select(KEY[:3]).unique().rows() if row[1:] not in of_type]
    assert [row for row in unbilled if row[1:] in meters.known] == [("oriole-track", "infra_hosts", "agent_host_count")]
    assert [row for row in unbilled if row[1:] not in meters.known] == [
        ("lantern-ml", "llm_guard", "guarded_prompts_count")
    ]


def test_series_carry_the_usage_type_of_their_meter() -> None:
    of_type = catalog.load().of_type()
    for row in SERIES:
        assert of_type.get((row["product_family"], row["usage_type"]), "") == row["meter"], called(row)


@pytest.mark.parametrize("incident", INCIDENTS, ids=called)
def test_an_incident_lies_in_the_month_and_has_all_its_hours(incident: dict[str, str], settled: pl.DataFrame) -> None:
    start, end = span(incident)
    assert MONTH.start <= start < end <= EXPORTED
    assert settled.filter(of(incident))["quantity"].count() == (end - start) // HOUR


@pytest.mark.parametrize("incident", [i for i in INCIDENTS if i["kind"] not in NOT_SPIKES], ids=called)
def test_a_spike_is_far_above_its_hours_of_the_week(incident: dict[str, str], settled: pl.DataFrame) -> None:
    ratio = settled.filter(of(incident))["ratio"]
    assert ratio.min() > 1.35
    assert ratio.median() == pytest.approx(float(incident["factor"]), rel=0.15)


def test_the_ramp_climbs_day_by_day(settled: pl.DataFrame) -> None:
    ramp = settled.filter(of(kind("ramp")))
    by_day = ramp.group_by(pl.col("hour").dt.date(), maintain_order=True).agg(pl.col("ratio").median())["ratio"]
    assert by_day.is_sorted()
    assert by_day[0] < 1.25 < 2 < by_day[-1]


def test_the_new_product_was_never_used_before(settled: pl.DataFrame) -> None:
    first_use = kind("first_use")
    hours = settled.filter(org_id=first_use["org_id"], meter=first_use["meter"])["hour"]
    assert (hours.min(), hours.max()) == (span(first_use)[0], EXPORTED - HOUR)


def test_the_restated_spike_is_taken_back(usage: pl.DataFrame, settled: pl.DataFrame) -> None:
    restated = kind("restated")
    assert settled.filter(of(restated))["ratio"].is_between(0.7, 1.3).all()
    events = usage.filter(usage_type="logs_indexed_events_7_day_count").with_columns(meter=pl.lit(restated["meter"]))
    said = events.filter(of(restated))
    assert said.group_by(KEY).len()["len"].to_list() == [2] * 10
    first, last = said.unique(KEY, keep="first"), said.unique(KEY, keep="last")
    both = first.join(last, on=KEY)
    assert (both["quantity"] > 7 * both["quantity_right"]).all()
    assert set(both["observed_at_right"]) == {datetime.fromisoformat(restated["restated_at"])}
    assert (both["observed_at"] < both["observed_at_right"]).all()


def test_nothing_else_stands_out(settled: pl.DataFrame) -> None:
    """Series of under 20 are left out, where one host more is a large share, and the counter that starts each month."""
    large = pl.col("quantity").median().over("org_id", "meter") >= 20
    calm = settled.filter(~pl.col("planted"), large, pl.col("meter") != "ci_pipeline_committer")["ratio"].drop_nulls()
    assert len(calm) > 200_000
    assert calm.min() > 0.6
    assert calm.max() < 1.5


@pytest.mark.parametrize("customer,forgiven", [("quill", True), ("byeolbit", False)])
def test_the_percentile_forgives_five_hours_and_not_thirty(
    customer: str, forgiven: bool, settled: pl.DataFrame, book: Book
) -> None:
    orgs = [org.org_id for org in book.orgs_of[customer]]
    hosts = settled.filter(pl.col("org_id").is_in(orgs), pl.col("hour") >= MONTH.start, meter="infra_host")
    hours = sorted(hosts.group_by("hour").agg(pl.col("quantity").sum())["quantity"], reverse=True)
    [contract] = book.contracts_of[customer]
    committed = int(contract.terms["infra_host"].commit_units)
    assert hours[0] > 2 * committed
    assert (hours[8] <= committed) is forgiven


@pytest.mark.parametrize("verdict", VERDICTS, ids=called)
def test_a_verdict_is_on_one_incident(verdict: dict[str, str]) -> None:
    from_, to = (datetime.fromisoformat(verdict[name]) for name in ("first_hour_from", "first_hour_to"))
    [incident] = [i for i in INCIDENTS if called(i) == called(verdict)]
    start, end = span(incident)
    assert from_ < start < end <= to
    assert start < datetime.fromisoformat(verdict["at"]) < EXPORTED


def test_there_is_one_verdict_of_each_kind() -> None:
    assert sorted(v["verdict"] for v in VERDICTS) == ["dismiss", "planned", "vendor-fault"]


def test_values_become_known_after_their_hour_and_before_the_export(usage: pl.DataFrame) -> None:
    lag = pl.col("observed_at") - pl.col("hour") - pl.duration(hours=1)
    first = usage.unique(KEY, keep="first").with_columns(lag=lag)
    assert first["observed_at"].max() == EXPORTED
    assert first["lag"].min() >= timedelta(0)
    slow = first.filter(pl.col("lag") > timedelta(hours=3))
    assert set(slow["org_id"]) == {"suslik-market"}
    assert slow["lag"].is_between(timedelta(hours=30), timedelta(hours=70)).all()
    assert slow["hour"].n_unique() == 72


def test_rows_and_values_are_missing_and_corrected_where_the_readme_says(usage: pl.DataFrame) -> None:
    assert usage.filter(pl.col("quantity").is_null()).group_by("org_id").agg(pl.col("hour").n_unique()).rows() == [
        ("quill-claims", 3)
    ]
    hours = usage.filter(org_id="tobol-fleet")["hour"].unique().sort()
    assert [at for at, step in zip(hours[1:], hours.diff()[1:], strict=True) if step != HOUR] == [
        datetime.fromisoformat("2026-09-06T08:00:00Z")
    ]
    again = usage.filter(pl.struct(KEY).is_duplicated()).select("org_id", pl.col("hour").dt.date()).unique()
    assert set(again.rows()) == {("onsaem-lab", date(2026, 9, 8)), ("tobol-fleet", date(2026, 9, 21))}


def test_the_notice_names_each_background() -> None:
    named = set(re.findall(r"`(\w[\w-]*)`", (SAMPLE / "NOTICE.md").read_text(encoding="utf-8")))
    assert {row["background"] for row in SERIES} - {"month_to_date"} <= named


@pytest.mark.skipif(not PANEL.exists(), reason=NO_PANEL)
def test_each_background_may_be_shipped() -> None:
    free = pl.read_parquet(PANEL).filter("may_ship")["series"].cast(pl.String)
    assert {row["background"] for row in SERIES} - {"month_to_date"} <= set(free)


@pytest.mark.skipif(not PANEL.exists(), reason=NO_PANEL)
def test_the_script_makes_it_again(tmp_path: Path, usage: pl.DataFrame) -> None:
    subprocess.run([sys.executable, SAMPLE / "make_sample.py", "--panel", PANEL, "--out", tmp_path], check=True)
    shipped, made = SAMPLE / "usage.parquet", tmp_path / "usage.parquet"
    assert pl.read_parquet(made).equals(usage)
    if pq.read_metadata(made).created_by == pq.read_metadata(shipped).created_by:
        assert made.read_bytes() == shipped.read_bytes()
