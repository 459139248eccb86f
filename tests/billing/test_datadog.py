"""The vendor's API over real HTTP on loopback."""

import http.client
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import WorldError
from billing.frames import USAGE
from billing.sources.datadog import Datadog, windows
from tests.billing.vendor_server import Vendor, record

START = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 4, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def records(hours: int, orgs: int = 3) -> list[dict[str, Any]]:
    """Hour by hour: the vendor's own org, then orgs of connected accounts; every fifth hour a null."""
    return [
        record(
            f"org{org}",
            "infra_hosts",
            START + hour * HOUR,
            account=f"account{org}" if org else None,
            host_count=1000 * org + hour,
            container_count=None if hour % 5 == 0 else hour,
        )
        for hour in range(hours)
        for org in range(orgs)
    ]


def expected(hours: int, orgs: int = 3) -> list[tuple[str, str, datetime, int | None]]:
    rows: list[tuple[str, str, datetime, int | None]] = []
    for hour in range(hours):
        for org in range(orgs):
            rows.append((f"org{org}", "host_count", START + hour * HOUR, 1000 * org + hour))
            rows.append((f"org{org}", "container_count", START + hour * HOUR, None if hour % 5 == 0 else hour))
    return rows


def rows_of(usage: pl.DataFrame) -> list[tuple[Any, ...]]:
    return usage.select("org_id", "usage_type", "hour", "quantity").rows()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(records(54)) as running:
        yield running


def source(vendor: Vendor, **settings: Any) -> Datadog:
    return replace(Datadog(vendor.url, vendor.api_key, vendor.app_key, retries=2, timeout=5, backoff=0), **settings)


def one_day(datadog: Datadog) -> pl.DataFrame:
    (read,) = datadog.fetch(START, START + 24 * HOUR, NOW)
    assert not read.bad
    return read.usage


@pytest.mark.parametrize("page_limit", [1, 7, 72, 500])
@pytest.mark.parametrize("null_at_end", [True, False])
def test_every_page_of_every_window_arrives_in_order(page_limit: int, null_at_end: bool) -> None:
    with Vendor(records(30), null_at_end=null_at_end) as vendor:
        reads = list(source(vendor, page_limit=page_limit).fetch(START, START + 30 * HOUR, NOW))
    assert [read.usage.schema for read in reads] == [USAGE, USAGE]
    assert [read.usage["hour"].max() for read in reads] == [START + 23 * HOUR, START + 29 * HOUR]
    assert [row for read in reads for row in rows_of(read.usage)] == expected(30)
    pages = -(-24 * 3 // page_limit) + -(-6 * 3 // page_limit)
    assert len(vendor.requests) == pages


def test_a_request_says_what_the_vendor_wants_to_know(vendor: Vendor) -> None:
    one_day(source(vendor, product_families="infra_hosts,logs", page_limit=500))
    (request,) = vendor.requests
    assert {name: value for name, value in request.params.items() if "timestamp" not in name} == {
        "filter[product_families]": "infra_hosts,logs",
        "filter[include_connected_accounts]": "true",
        "filter[include_descendants]": "true",
        "page[limit]": "500",
    }
    assert datetime.fromisoformat(request.params["filter[timestamp][start]"]) == START
    assert datetime.fromisoformat(request.params["filter[timestamp][end]"]) == START + 24 * HOUR


def test_connected_accounts_are_left_out_when_not_wanted(vendor: Vendor) -> None:
    usage = one_day(source(vendor, connected_accounts=False))
    assert rows_of(usage) == [row for row in expected(24) if row[0] == "org0"]


@given(
    st.integers(0, 90 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    st.integers(-5, 200),
    st.integers(0, 59),
)
def test_windows_cover_every_whole_hour_once(start: datetime, hours: int, minute: int) -> None:
    end = start + timedelta(hours=hours, minutes=minute)
    found = list(windows(start, end))
    covered = [window.start + n * HOUR for window in found for n in range((window.end - window.start) // HOUR)]
    first, last = (at.replace(minute=0, second=0, microsecond=0) for at in (start, end))
    assert covered == [first + n * HOUR for n in range(max(0, (last - first) // HOUR))]
    assert all(window.end - window.start == 24 * HOUR for window in found[:-1])
    assert all(HOUR <= window.end - window.start <= 24 * HOUR for window in found)


def test_only_late_enough_reads_are_dated(vendor: Vendor) -> None:
    now = START + timedelta(days=2, hours=5)
    reads = source(vendor, trailing_days=1).fetch(START, START + 48 * HOUR, now)
    usage = pl.concat([read.usage for read in reads])
    dated = usage.filter(pl.col("observed_at").is_not_null())
    assert dated["observed_at"].unique().to_list() == [now]
    assert sorted(set(dated["hour"])) == [START + hour * HOUR for hour in range(28, 48)]


def test_a_row_that_is_none_is_quarantined_and_its_neighbours_kept(vendor: Vendor) -> None:
    vendor.records[4]["attributes"]["measurements"][0]["value"] = -1
    (read,) = source(vendor, page_limit=2).fetch(START, START + 24 * HOUR, NOW)
    (bad,) = read.bad
    place = "datadog 2026-10-01T00:00:00Z to 2026-10-02T00:00:00Z"
    assert str(bad.fault) == f"{place}:5: measurements[0].value: '-1' is negative"
    assert rows_of(read.usage) == [row for row in expected(24) if row[3] != 1001]


@pytest.mark.parametrize("fault", ["500", "503", "cut", "dead"])
def test_the_client_tries_again(vendor: Vendor, fault: str) -> None:
    vendor.script += [fault, fault]
    assert rows_of(one_day(source(vendor))) == expected(24)
    assert len(vendor.requests) == 3


def test_the_client_waits_as_long_as_the_vendor_says(vendor: Vendor) -> None:
    vendor.script += ["429"]
    assert rows_of(one_day(source(vendor))) == expected(24)
    first, second = vendor.requests
    assert 1.0 <= second.at - first.at < 3.0


@pytest.mark.parametrize(
    ("script", "said", "permanent"),
    [
        (["500"] * 3, "HTTP 500: Internal error", False),
        (["429"] * 3, "HTTP 429: Rate limit of 10 requests in 30 seconds reached", False),
        (["dead"] * 3, "no answer from http://127.0.0.1", False),
        (["cut"] * 3, "no answer from http://127.0.0.1", False),
        (["ok", "truncated"], "is not whole JSON", False),
        (["html"], "is not whole JSON", False),
        (["round", "round"], "round and round", False),
        (["echo"], "HTTP 400: *** and *** will not do", True),
    ],
)
def test_a_vendor_that_fails_gives_no_part_of_a_window(
    vendor: Vendor, script: list[str], said: str, permanent: bool
) -> None:
    vendor.script += ["ok", *script]
    reads = source(vendor, page_limit=30).fetch(START + 23 * HOUR, START + 54 * HOUR, NOW)
    with pytest.raises(WorldError, match="datadog 2026-10-01T23:00:00Z to 2026-10-02T23:00:00Z") as failed:
        next(reads)
    assert said in str(failed.value)
    assert failed.value.permanent is permanent
    assert "run this again" in str(failed.value) or permanent


def test_a_window_that_came_whole_is_handed_out_before_the_next_one_fails(vendor: Vendor) -> None:
    vendor.script += ["ok", "500", "500", "500"]
    reads = source(vendor).fetch(START, START + 48 * HOUR, NOW)
    assert rows_of(next(reads).usage) == expected(24)
    with pytest.raises(WorldError, match="2026-10-02T00:00:00Z to 2026-10-03T00:00:00Z"):
        next(reads)


def test_wrong_keys_are_told_what_they_need(vendor: Vendor) -> None:
    with pytest.raises(WorldError, match=r"HTTP 403: Forbidden\. The keys need usage_read and billing_read") as failed:
        one_day(source(vendor, app_key="not-the-app-key"))
    assert failed.value.permanent
    assert len(vendor.requests) == 1


def test_a_refused_request_says_the_vendors_reason(vendor: Vendor) -> None:
    with pytest.raises(WorldError, match="could not be made"):
        one_day(source(vendor, page_limit=501))
    assert not vendor.requests


def test_a_vendor_that_is_too_slow_or_not_there(vendor: Vendor) -> None:
    vendor.script += ["slow"]
    with pytest.raises(WorldError, match="timed out"):
        one_day(source(vendor, timeout=0.2, retries=0))
    with pytest.raises(WorldError, match=r"no answer from http://127\.0\.0\.1:9: .*refused"):
        one_day(source(vendor, api_url="http://127.0.0.1:9", retries=1))


def test_keys_do_not_follow_a_redirect(vendor: Vendor) -> None:
    with Vendor() as other:
        vendor.elsewhere = other.url
        vendor.script += ["redirect"]
        with pytest.raises(WorldError, match="HTTP 302"):
            one_day(source(vendor))
        assert not other.requests


@pytest.mark.parametrize("key", ["line\nbreak-s3cret", "ключ-s3cret"])
def test_a_key_that_cannot_be_sent_is_not_shown(vendor: Vendor, key: str) -> None:
    with pytest.raises(WorldError, match="check the keys") as failed:
        one_day(source(vendor, app_key=key))
    assert "s3cret" not in str(failed.value)
    assert failed.value.__suppress_context__
    assert "s3cret" not in repr(source(vendor, app_key=key))


def test_nothing_logged_or_printed_holds_a_key(
    vendor: Vendor, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor.script += ["503", "cut", "echo"]
    with pytest.raises(WorldError) as failed:
        one_day(source(vendor))
    out = "".join([caplog.text, *capfd.readouterr(), repr(failed.value)])
    assert vendor.api_key not in out
    assert vendor.app_key not in out
    assert http.client.HTTPConnection.debuglevel == 0


def test_a_day_of_fifty_orgs_is_read_in_seconds() -> None:
    many = [
        record(f"org{org}", f"family{family}", START + hour * HOUR, one=1, two=2, three=3, four=4)
        for hour in range(24)
        for org in range(50)
        for family in range(5)
    ]
    with Vendor(many) as vendor:
        began = time.perf_counter()
        usage = one_day(source(vendor))
        assert time.perf_counter() - began < 15
    assert usage.height == 4 * len(many)
    assert len(vendor.requests) == 12
