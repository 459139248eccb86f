"""`floodmark ingest datadog` against a vendor on loopback that pages, refuses, breaks down and hangs up."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.billing.vendor_server import Vendor, record
from tests.flows.command import Done, Workspace, new_workspace
from tests.flows.storms import START, at, band_world, files_of

HOUR = timedelta(hours=1)
FIRST, LAST = at("10-05 00"), at("10-07 00")
HOURS = (LAST - FIRST) // HOUR
SPAN = ("--from", "2026-10-05T00:00:00Z", "--to", "2026-10-07T00:00:00Z", "--at", "2026-10-07T00:30:00Z")


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """600 rows a day of `cello-org` and of an org that is on no customer, one account connected."""
    records = [
        record("cello-org", "infra_hosts", FIRST + i * HOUR, host_count=i, agent_host_count=i, container_count=None)
        for i in range(HOURS)
    ] + [
        record("stranger", f"family{n}", FIRST + i * HOUR, account="acc", things=5)
        for n in range(20)
        for i in range(HOURS)
    ]
    with Vendor(records) as vendor:
        yield vendor


@pytest.fixture
def workspace(tmp_path: Path, vendor: Vendor) -> Workspace:
    workspace = new_workspace(
        tmp_path / "workspace",
        FLOODMARK_DATADOG__API_URL=vendor.url,
        DD_API_KEY=vendor.api_key,
        DD_APP_KEY=vendor.app_key,
    )
    workspace.well("book", "load", files_of(band_world(end=START), tmp_path)[0])
    return workspace


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waiting between two tries takes no time; the list has how long each wait would have been."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


def october(workspace: Workspace) -> Done:
    return workspace.well("bill", "2026-10", "--json", "--at", "2026-12-01T00:00:00Z")


def seen(workspace: Workspace) -> tuple[int, int]:
    """(hours of cello's hosts, rows of the stranger)."""
    bill = october(workspace).json
    hours = [ln["hours_seen"] for ln in bill["lines"] if (ln["customer_id"], ln["meter"]) == ("cello", "infra_host")]
    return sum(hours), sum(row["rows"] for row in bill["unassigned"])


def no_keys_in(workspace: Workspace, vendor: Vendor, *done: Done) -> bool:
    said = "".join(one.out + one.err for one in done).encode() + b"".join(workspace.files().values())
    return vendor.api_key.encode() not in said and vendor.app_key.encode() not in said


def test_it_pages_through_whole_days_and_a_second_time_changes_nothing(workspace: Workspace, vendor: Vendor) -> None:
    done = workspace.process("ingest", "datadog", *SPAN)
    assert done.code == 0, done.err
    assert seen(workspace) == (HOURS, 20 * HOURS)
    assert len(vendor.requests) == 4, "two days of 504 records are two pages each"
    bill, lake = october(workspace).out, {n: c for n, c in workspace.files().items() if n.startswith("lake/")}
    again = workspace.well("ingest", "datadog", *SPAN)
    assert october(workspace).out == bill
    assert {n: c for n, c in workspace.files().items() if n.startswith("lake/")} == lake
    assert no_keys_in(workspace, vendor, done, again)


def test_by_default_it_asks_for_the_trailing_days(workspace: Workspace, vendor: Vendor) -> None:
    workspace.well("ingest", "datadog", "--at", "2026-10-07T05:40:00Z", FLOODMARK_DATADOG__TRAILING_DAYS="2")
    starts = [request.params["filter[timestamp][start]"][:13] for request in vendor.requests]
    ends = [request.params["filter[timestamp][end]"][:13] for request in vendor.requests]
    assert (min(starts), max(ends)) == ("2026-10-05T05", "2026-10-07T05")
    assert all(request.params["filter[include_connected_accounts]"] == "true" for request in vendor.requests)


def test_it_waits_as_long_as_the_vendor_says_and_goes_on_after_a_fault(
    workspace: Workspace, vendor: Vendor, impatient: list[float]
) -> None:
    vendor.script += ["429", "500", "503", "ok", "cut", "dead"]
    workspace.well("ingest", "datadog", *SPAN)
    assert seen(workspace) == (HOURS, 20 * HOURS)
    assert impatient[0] == 1, "X-RateLimit-Reset"
    assert len(vendor.requests) == 4 + 5


@pytest.mark.parametrize("fault", ["500", "429", "truncated", "html", "cut", "round", "echo"])
def test_a_vendor_that_stays_broken_is_3_and_leaves_no_half_window(
    workspace: Workspace, vendor: Vendor, impatient: list[float], fault: str
) -> None:
    """The second page of the second day fails for good: the first day may be kept, the second is not there at all."""
    vendor.script += ["ok", "ok", "ok", *[fault] * 40]
    done = workspace.call("ingest", "datadog", *SPAN)
    assert done.code == 3
    assert "Traceback" not in done.err
    assert no_keys_in(workspace, vendor, done)
    assert seen(workspace) in ((0, 0), (24, 20 * 24))
    vendor.script.clear()
    workspace.well("ingest", "datadog", *SPAN)
    assert seen(workspace) == (HOURS, 20 * HOURS)


def test_a_vendor_that_cannot_be_reached_is_3(workspace: Workspace, impatient: list[float]) -> None:
    done = workspace.call("ingest", "datadog", *SPAN, FLOODMARK_DATADOG__API_URL="http://127.0.0.1:1")
    assert done.code == 3
    assert "127.0.0.1" in done.err


def test_wrong_keys_are_3_name_what_to_check_and_are_not_printed(workspace: Workspace, vendor: Vendor) -> None:
    done = workspace.process("ingest", "datadog", *SPAN, DD_API_KEY="wrong-key-1", DD_APP_KEY="wrong-key-2")
    assert done.code == 3
    assert "usage_read" in done.err or "DD_API_KEY" in done.err
    assert "wrong-key" not in done.out + done.err
    assert not [name for name, content in workspace.files().items() if b"wrong-key" in content]
    assert seen(workspace) == (0, 0)


def test_missing_keys_are_2_and_named_and_nothing_is_asked(workspace: Workspace, vendor: Vendor) -> None:
    done = workspace.call("ingest", "datadog", *SPAN, DD_API_KEY="", DD_APP_KEY="")
    assert (done.code, vendor.requests) == (2, [])
    assert "DD_API_KEY" in done.err
    assert "DD_APP_KEY" in done.err


def test_keys_in_the_settings_file_are_refused(workspace: Workspace) -> None:
    (workspace.path / "floodmark.toml").write_text("[datadog]\napi_key = 'very-secret'\n")
    done = workspace.call("check")
    assert done.code == 2
    assert "datadog.api_key" in done.err
    assert "very-secret" not in done.out + done.err


def test_a_bad_record_is_set_aside_and_the_good_ones_kept(workspace: Workspace, vendor: Vendor) -> None:
    vendor.records += [
        record("cello-org", "logs", FIRST, billable_ingested_bytes=-5),
        record("cello-org", "logs", FIRST + HOUR, billable_ingested_bytes=7),
    ]
    done = workspace.call("ingest", "datadog", *SPAN)
    assert done.code == 1
    assert "negative" in done.err
    [line] = [line for line in october(workspace).json["lines"] if line["meter"] == "logs_ingested"]
    assert (line["quantity"], line["hours_seen"]) == ("7", 1)


def test_run_reads_the_vendor_where_keys_are_set_and_goes_on_without_it(
    workspace: Workspace, vendor: Vendor, impatient: list[float]
) -> None:
    vendor.script += ["500"] * 40
    broken = workspace.call("run", "--at", "2026-10-07T00:00:00Z", FLOODMARK_DATADOG__TRAILING_DAYS="2")
    assert broken.code == 3
    vendor.script.clear()
    workspace.well("run", "--at", "2026-10-07T00:00:00Z", FLOODMARK_DATADOG__TRAILING_DAYS="2")
    assert seen(workspace) == (HOURS, 20 * HOURS)
    assert workspace.outbox(), "the digests that were due went out"
    asked = len(vendor.requests)
    workspace.well("run", "--at", "2026-10-07T01:00:00Z", DD_API_KEY="", DD_APP_KEY="")
    assert len(vendor.requests) == asked
