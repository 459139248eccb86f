"""Killed in the middle, or two at once: run again, and everything is as if nothing had happened."""

import contextlib
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.flows.command import Done, Workspace, new_workspace
from tests.flows.mailbox import Mailbox
from tests.flows.storms import START, STORM, at, band_world, clock, files_of

HOUR = timedelta(hours=1)
OPENS = STORM + 25 * HOUR
DESK = "partner-cs@vendor.example"
FRACTIONS = (0.6, 0.85)


def end_state(workspace: Workspace) -> tuple[Any, ...]:
    """What is owed to people: alerts, tickets but for the number of attempts, letters to the byte."""
    tickets = workspace.tickets()
    for ticket in tickets:
        for delivery in ticket["deliveries"]:
            delivery.pop("attempts")
    return workspace.alerts(), tickets, workspace.outbox()


def killed(workspace: Workspace, seconds: float, *args: object, **env: str) -> bool:
    """Run the command and kill it after `seconds`; False if it was done by then."""
    with workspace.spawn(*args, **env) as process:
        with contextlib.suppress(TimeoutError):
            end = time.monotonic() + seconds
            while process.poll() is None and time.monotonic() < end:
                time.sleep(0.01)
        running = process.poll() is None
        process.kill()
        process.communicate()
        return running


def test_a_run_killed_anywhere_and_run_again_ends_the_same(stormy: Workspace, tmp_path: Path) -> None:
    whole = Workspace(tmp_path / "whole")
    shutil.copytree(stormy.path, whole.path)
    begin = time.monotonic()
    assert whole.process("run", "--at", clock(at("11-25 00"))).code == 0
    duration = time.monotonic() - begin
    expected = end_state(whole)
    assert expected[0]
    assert expected[1]
    assert expected[2]
    hit = 0
    for fraction in FRACTIONS:
        victim = Workspace(tmp_path / f"killed-{fraction}")
        shutil.copytree(stormy.path, victim.path)
        alive = killed(victim, duration * fraction * random.uniform(0.9, 1.1), "run", "--at", clock(at("11-25 00")))
        hit, duration = hit + alive, duration if alive else duration / 2
        victim.run(at("11-25 00"))
        assert end_state(victim) == expected
    assert hit


def test_an_ingest_killed_anywhere_and_run_again_ends_the_same(tmp_path: Path) -> None:
    """Two files of 150 000 rows; a kill leaves each file in the lake whole or not at all."""
    hours = pl.datetime_range(START, START + 999 * HOUR, "1h", time_zone="UTC", eager=True).alias("hour")
    orgs = pl.DataFrame({"org_id": [f"org-{n}" for n in range(150)]})
    usage = orgs.join(hours.to_frame(), how="cross").select(
        "org_id", pl.lit("infra_hosts").alias("product_family"), pl.lit("host_count").alias("usage_type"), "hour"
    )
    paths = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    for n, path in enumerate(paths):
        usage.with_columns(pl.int_range(pl.len()).alias("quantity") + n).write_parquet(path)

    def workspace(name: str) -> Workspace:
        made = new_workspace(tmp_path / name)
        made.well("book", "load", files_of(band_world(end=START), tmp_path)[0])
        return made

    def rows(of: Workspace) -> list[int]:
        months = ("2026-09", "2026-10")
        return [sum(row["rows"] for row in of.well("bill", m, "--json").json["unassigned"]) for m in months]

    whole = workspace("whole")
    begin = time.monotonic()
    assert whole.process("ingest", "files", *paths).code == 0
    duration = time.monotonic() - begin
    expected = rows(whole)
    assert sum(expected) == usage.height
    hit = 0
    for fraction in FRACTIONS:
        victim = workspace(f"killed-{fraction}")
        hit += killed(victim, duration * fraction * random.uniform(0.9, 1.1), "ingest", "files", *paths)
        assert sum(rows(victim)) in (0, usage.height)
        victim.well("ingest", "files", *paths)
        assert rows(victim) == expected
    assert hit


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


def test_killed_with_the_letter_in_the_servers_hands_it_comes_again_under_the_same_id(
    stored: Workspace, mailbox: Mailbox
) -> None:
    """Whether the server took it nobody can know: it is sent again, and the receiver can tell it is the same."""
    stored.run(STORM + HOUR)
    stored.run(STORM + 12 * HOUR)
    process = stored.spawn("run", "--at", clock(OPENS), **mailbox.settings)
    mailbox.on_message = lambda: os.kill(process.pid, signal.SIGKILL)
    with process:
        process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    mailbox.on_message = lambda: None
    stored.run(OPENS, **mailbox.settings)
    stored.run(OPENS + HOUR, **mailbox.settings)
    [ticket] = stored.tickets()
    assert ticket["state"] == "sent"
    first = mailbox.messages[0]["Message-ID"]
    again = [m for m in mailbox.messages if m["Message-ID"] == first]
    assert len(again) == 2
    assert again[0].as_bytes() == again[1].as_bytes()
    others = [m["Message-ID"] for m in mailbox.messages if m["Message-ID"] != first]
    assert len(others) == len(set(others))


def both(*starts: Callable[[], Any]) -> list[Done]:
    """Processes at the same time."""
    processes = [start() for start in starts]
    done = []
    for process in processes:
        with process:
            out, err = process.communicate(timeout=180)
            done.append(Done(process.returncode, out, err))
    return done


def test_two_runs_at_once_send_each_letter_once(stored: Workspace, mailbox: Mailbox) -> None:
    stored.run(STORM + HOUR)
    stored.run(STORM + 12 * HOUR)
    run = lambda: stored.spawn("run", "--at", clock(OPENS), **mailbox.settings)  # noqa: E731  two of the same
    done = both(run, run)
    assert [one.code for one in done] == [0, 0], [one.err for one in done]
    assert len(mailbox.to(DESK)) == 1
    ids = [message["Message-ID"] for message in mailbox.messages]
    assert len(ids) == len(set(ids))
    [ticket] = stored.tickets()
    assert (ticket["state"], len(ticket["deliveries"])) == ("sent", 1)


def test_ingest_beside_ingest_and_run_loses_nothing(stormy: Workspace, tmp_path: Path) -> None:
    header = "org_id,product_family,usage_type,hour,quantity\n"
    for name in ("one", "two"):
        rows = (f"{name}-org,logs,logs_x,{clock(STORM + i * HOUR)},{i}\n" for i in range(200))
        (tmp_path / f"{name}.csv").write_text(header + "".join(rows))
    done = both(
        lambda: stormy.spawn("ingest", "files", tmp_path / "one.csv"),
        lambda: stormy.spawn("ingest", "files", tmp_path / "two.csv"),
        lambda: stormy.spawn("run", "--at", clock(OPENS)),
    )
    assert [one.code for one in done] == [0, 0, 0], [one.err for one in done]
    bill = stormy.well("bill", "2026-11", "--json", "--at", "2026-12-24T00:00:00Z").json
    assert bill["unassigned"] == [{"org_id": "one-org", "rows": 200}, {"org_id": "two-org", "rows": 200}]
