"""How fast a closed month is billed, against the cost of reading it, DuckDB and plain polars, and what a change costs.

`make bench`, or from the repository's root
`python -m tests.benchmarks.speed [--rows 10M|50M ...] [--data DIR] [--runs N] [--keep DIR] [--write FILE]`.
DIR holds `usage/` (Parquet files) and `book/` (the book's CSV files). Exit 1 when a bar is missed.
"""

import argparse
import os
import platform
import re
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.dataset import DataSet
from tests.benchmarks.measured import CHANGES, Measured, measure
from tests.benchmarks.plans import PLANS
from tests.benchmarks.usage import SIZES, generate
from tests.document import put

FLOORS = ("floor of the lake", "floor of the source")
WHAT = (*PLANS, "priced lines", *CHANGES)
BEGIN, END = "<!-- speed: begin -->", "<!-- speed: end -->"
MOST_MIB = 500


@dataclass(frozen=True)
class Bar:
    """What must hold: `reached` is at most `bar`."""

    what: str
    reached: float
    bar: float
    unit: str = ""

    @property
    def held(self) -> bool:
        return self.reached <= self.bar


Result = dict[str, Measured]  # by what was measured: medians


def race(data: DataSet, runs: int) -> Result:
    """Medians of `runs` fresh processes each, taken in turn, so that a busy minute falls on all of them."""
    samples: dict[str, list[Measured]] = {what: [] for what in WHAT}
    for run in range(runs):
        for what, found in samples.items():
            print(f"{data.source.name}: run {run + 1} of {runs}: {what}", file=sys.stderr)
            found.append(measure(what, data))
    return {what: _median(found) for what, found in samples.items()}


def _median(found: list[Measured]) -> Measured:
    digests = {one.digest for one in found}
    cpu, wall, peak = (statistics.median(getattr(one, name) for one in found) for name in ("cpu", "wall", "peak"))
    return Measured(cpu, wall, peak, digests.pop() if len(digests) == 1 else "differs from run to run", found[0].lines)


def disagreeing(result: Result) -> list[str]:
    """The plans whose quantities, every digit of every line, are not DuckDB's."""
    right = result["duckdb"].digest
    return [what for what, one in result.items() if one.digest not in ("", right)]


def bars(name: str, result: Result) -> list[Bar]:
    """The bars of one data set."""
    ours, priced = result["floodmark"], result["priced lines"]
    floor = min(result[what].cpu for what in FLOORS)
    pricing = max(0, priced.cpu - ours.cpu) / priced.lines * 15_000
    return [
        Bar(f"{name}: quantities over DuckDB, CPU", ours.cpu / result["duckdb"].cpu, 0.5, "x"),
        Bar(f"{name}: quantities over the cheaper floor, CPU (aim 1.5)", ours.cpu / floor, 3, "x"),
        Bar(f"{name}: pricing 15 k lines, CPU", pricing, 0.3, "s"),
        Bar(f"{name}: peak memory to priced lines", max(ours.peak, priced.peak), MOST_MIB, "MiB"),
        Bar(
            f"{name}: an org's hour restated, its contract billed again, wall", result["restated hour"].wall, 0.05, "s"
        ),
        Bar(f"{name}: an hour of all series appended, month to date, wall", result["appended hour"].wall, 0.3, "s"),
    ]


def table(name: str, result: Result) -> str:
    """A data set's measurements in Markdown."""
    floor = min(result[what].cpu for what in FLOORS)
    rows = [f"| {name} | CPU s | wall s | peak MiB | CPU over floor |", "|---|---|---|---|---|"]
    for what, one in result.items():
        over = f"{one.cpu / floor:.1f} x" if what not in CHANGES else ""
        rows.append(f"| {what} | {one.cpu:.3f} | {one.wall:.3f} | {one.peak:.0f} | {over} |")
    return "\n".join(rows)


def report(results: dict[str, Result], runs: int) -> tuple[str, bool]:
    """The whole report in Markdown, and whether everything agreed and held."""
    held = [bar for name, result in results.items() for bar in bars(name, result)]
    if {"10M", "50M"} <= results.keys():
        peaks = [max(results[name][what].peak for what in ("floodmark", "priced lines")) for name in ("10M", "50M")]
        held.append(Bar("peak memory at 50M over 10M", peaks[1] / peaks[0], 1.3, "x"))
    wrong = [f"{name}: {what}" for name, result in results.items() for what in disagreeing(result)]
    agree = f"Not the quantities of DuckDB: {', '.join(wrong)}." if wrong else "All plans found the same quantities."
    parts = [f"{machine()} Medians of {runs} fresh processes each, in turn.", *(table(*one) for one in results.items())]
    return "\n\n".join([*parts, agree, bar_table(held)]), not wrong and all(bar.held for bar in held)


def bar_table(held: Sequence[Bar]) -> str:
    """What was to be reached and was."""
    rows = ["| bar | reached | at most | |", "|---|---|---|---|"]
    rows += [
        f"| {b.what} | {b.reached:.3g} {b.unit} | {b.bar:g} {b.unit} | {'' if b.held else '**missed**'} |" for b in held
    ]
    return "\n".join(rows)


def machine() -> str:
    """The processor, its cores and memory, and the versions that matter, as a sentence."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in ("polars", "deltalake", "duckdb"))
    model = cpu[1] if cpu else platform.machine()
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Python {platform.python_version()}, {versions}."


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", choices=SIZES, nargs="+", default=["10M", "50M"], help="generated data sets")
    arguments.add_argument("--data", type=Path, help="a data set of your own instead")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--keep", type=Path, default=Path(".bench"), help="where data is kept from run to run")
    arguments.add_argument("--write", type=Path, help="a document with the markers")
    chosen = arguments.parse_args()
    results = {}
    for name, source in (
        {chosen.data.name: chosen.data}.items() if chosen.data else _generated(chosen.rows, chosen.keep)
    ):
        data = DataSet(source, chosen.keep / f"{name}-ready")
        data.prepare()
        results[name] = race(data, chosen.runs)
    text, good = report(results, chosen.runs)
    print(text)
    if chosen.write:
        put(text, chosen.write, BEGIN, END)
    return 0 if good else 1


def _generated(names: list[str], keep: Path) -> list[tuple[str, Path]]:
    for name in names:
        if not (keep / name).exists():
            generate(keep / name, SIZES[name])
    return [(name, keep / name) for name in names]


if __name__ == "__main__":
    sys.exit(main())
