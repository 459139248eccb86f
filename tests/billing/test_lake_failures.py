"""The lake when writers meet, die or run out of room: whole states only, nothing lost."""

import json
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing.lake import Lake
from tests.billing.said import hour, quantities, values

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 12, 1, tzinfo=UTC)
ALL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
HOURS = [*range(0, 5000, 250)]  # seven months: a put writes seven files and one commit

PRELUDE = """
import sys
from datetime import UTC, datetime
from billing import lake as lake_module
from billing.lake import Lake
from tests.billing.said import hour, values
NOW, lake, HOURS = datetime(2026, 12, 1, tzinfo=UTC), Lake(sys.argv[1]), [*range(0, 5000, 250)]
"""
WRITER = """
lake_module.FILES = 3
for n in range(8):
    lake.put(values({0: n, n: n, 744 + n: n}, sys.argv[2]), NOW)
"""
ENDLESS = """
lake_module.FILES = 3
n = 0
while True:
    n += 1
    lake.put(values(dict.fromkeys(HOURS, n)), NOW)
    print(n, flush=True)
"""
CRAMPED = """
import json, resource
for size in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        lake.put(values(dict.fromkeys(HOURS, 2)), NOW)
        outcome = "written"
    except Exception as error:
        outcome = [kind.__name__ for kind in type(error).__mro__]
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    held = lake.current(hour(0), hour(9999)).rows()["quantity"].to_list()
    print(json.dumps([size, outcome, held]), flush=True)
"""


def start(script: str, *args: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + script, *map(str, args)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    writers = [start(WRITER, lake.uri, org) for org in ("o1", "o2", "o3")]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    held = quantities(lake.current(*ALL))
    expected = {0: 7} | {n: n for n in range(1, 8)} | {744 + n: n for n in range(8)}
    assert held == {(org, hour(n)): value for org in ("o1", "o2", "o3") for n, value in expected.items()}
    history = lake.history(*ALL)
    assert history["seq"].n_unique() == history.height
    for org in ("o1", "o2", "o3"):
        restated = history.filter(org_id=org, hour=hour(0))["quantity"].to_list()
        assert restated == list(range(8))


def test_a_killed_writer_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    moments = random.Random(20261031)
    lakes = [Lake(str(tmp_path / f"lake{n}")) for n in range(4)]
    writers = [start(ENDLESS, lake.uri) for lake in lakes]
    for lake, writer in zip(lakes, writers, strict=True):
        with writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "1\n"
            time.sleep(moments.uniform(0, 0.4))
            writer.send_signal(signal.SIGKILL)
            told = int((["1", *writer.stdout.read().split()])[-1])
        held = lake.current(*ALL).rows()["quantity"].to_list()
        assert len(held) == len(HOURS)
        assert len(set(held)) == 1, "a put is all or nothing"
        assert held[0] in (told, told + 1)
        assert lake.put(values(dict.fromkeys(HOURS, held[0] + 1)), NOW).changed == len(HOURS)


def test_a_reader_sees_a_whole_month_while_it_is_compacted(tmp_path: Path) -> None:
    """Each put gives all hours one value and is soon compacted; a reader finds all hours, of one value."""
    lake = Lake(str(tmp_path / "lake"))
    with start(ENDLESS, lake.uri) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "1\n"
        seen = set()
        until = time.monotonic() + 4
        while time.monotonic() < until:
            held = lake.current(*ALL).rows()["quantity"].to_list()
            known = lake.known(*ALL, ALL[1]).rows()["quantity"].to_list()
            assert (len(held), len(set(held))) == (len(known), len(set(known))) == (len(HOURS), 1)
            seen.add(held[0])
        writer.send_signal(signal.SIGKILL)
    assert len(seen) > 3


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files stands in for the full disk")
def test_no_room_is_an_error_and_the_old_state_stays(tmp_path: Path) -> None:
    """Files may not grow past a limit: first the data do not fit, then the commit does not, then all does."""
    lake = Lake(str(tmp_path / "lake"))
    lake.put(values(dict.fromkeys(HOURS, 1)), NOW)
    sizes = (0, 1, 1000, 2000, 3000, 4000, 5000, 1_000_000)
    with start(CRAMPED, lake.uri, *sizes) as writer:
        out, errors = writer.communicate(timeout=60)
    outcomes = {size: (outcome, held) for size, outcome, held in map(json.loads, out.splitlines())}
    assert list(outcomes) == list(sizes), errors
    assert outcomes.pop(1_000_000) == ("written", [2] * len(HOURS))
    for size, (outcome, held) in outcomes.items():
        assert held == [1] * len(HOURS), size
        assert {"WorldError", "OSError"} & set(outcome), (size, outcome)
