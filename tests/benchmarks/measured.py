"""One measurement in a process of its own: `python -m tests.benchmarks.measured WHAT SOURCE READY` prints it as JSON.

CPU seconds are user and system of all threads, of the work alone: imports, the book and the tables made of it come
before. Peak memory is the whole process's, from its own high-water mark: what getrusage says starts with its parent's.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from billing.hours import HOUR
from billing.lake import Lake
from tests.benchmarks import ours
from tests.benchmarks.dataset import RULES, DataSet
from tests.benchmarks.plans import PLANS, Work
from tests.benchmarks.question import Quantities


@dataclass(frozen=True)
class Measured:
    """`peak`: MiB. `digest`: of the quantities found ("" where nothing is). `lines`: how many."""

    cpu: float
    wall: float
    peak: float
    digest: str
    lines: int


def measure(what: str, data: DataSet) -> Measured:
    """In a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.measured", what, str(data.source), str(data.ready)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Measured(**json.loads(done.stdout))


def priced(data: DataSet) -> Work:
    """Ours, to priced lines."""
    lake, book = data.lake, data.book

    def work() -> Callable[[], list[Quantities]]:
        found = [ours.lines(lake, book, RULES, month) for month in data.months]
        return lambda: [
            {(line.contract_id, line.meter): line.quantity for line in lines if line.hours_seen} for lines in found
        ]

    return work


def restated(data: DataSet, scratch: Lake) -> Callable[[], Any]:
    """An hour in the middle of the last month."""
    month = data.months[-1]
    return ours.restated(scratch, data.book, RULES, month, month.start + month.hours // 2 * HOUR)


def appended(data: DataSet, scratch: Lake) -> Callable[[], Any]:
    """The hour after the last one, or the month's last, said again, where the month is whole."""
    month = data.months[-1]
    span = scratch.span()
    assert span, "the lake holds the data set"
    return ours.appended(scratch, data.book, RULES, month, min(span[1], month.end - 2 * HOUR) + HOUR)


CHANGES = {"restated hour": restated, "appended hour": appended}


def _measured(what: str, data: DataSet) -> Measured:
    with ExitStack() as stack:
        if what in CHANGES:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=data.ready))) / "lake"
            shutil.copytree(data.lake.uri, directory, copy_function=os.link)  # a commit adds files and changes none
            work = CHANGES[what](data, Lake(str(directory)))
        else:
            work = {**PLANS, "priced lines": priced}[what](data)
        cpu, wall = time.process_time(), time.perf_counter()
        found = work()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        peak = int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024
        if what in CHANGES:
            return Measured(cpu, wall, peak, "", len(found))
        months = found()
        return Measured(cpu, wall, peak, _digest(months), sum(map(len, months)))


def _digest(months: list[Quantities]) -> str:
    text = "\n".join(f"{key} {quantity.normalize():f}" for month in months for key, quantity in sorted(month.items()))
    return hashlib.sha256(text.encode()).hexdigest() if months else ""


if __name__ == "__main__":
    print(json.dumps(vars(_measured(sys.argv[1], DataSet(Path(sys.argv[2]), Path(sys.argv[3]))))))
