"""The table of what fuzzing found."""

from collections.abc import Mapping
from pathlib import Path

from tests.document import put
from tests.fuzz.kinds import ACCEPTED, CRASHED, HUNG, LOST, REFUSED, WRONG
from tests.fuzz.run import Found

FAILED = (CRASHED, HUNG, WRONG, LOST)
COLUMNS = (ACCEPTED, REFUSED, *FAILED)
UNNOTICED = "changed with checksums"  # what verified pages should have shown
BEGIN, END = "<!-- fuzz: begin -->", "<!-- fuzz: end -->"


def table(found: Mapping[str, Found]) -> str:
    """Markdown: a row a kind; below it what else came of damaged Parquet."""
    lines = [
        "| files | read | " + " | ".join(COLUMNS) + " | changed, see below | slowest, ms |",
        "|---|---:|" + "---:|" * (len(COLUMNS) + 2),
    ]
    for kind, one in found.items():
        known = [one.counts[what] for what in COLUMNS]
        numbers = [one.counts.total(), *known, one.counts.total() - sum(known)]
        lines.append(f"| {kind} | " + " | ".join(f"{n:,}" for n in numbers) + f" | {one.slowest * 1000:,.0f} |")
    other = [(what, n) for one in found.values() for what, n in one.counts.most_common() if what not in COLUMNS]
    if other:
        lines += ["", "| damaged Parquet that was read | files |", "|---|---:|"]
        lines += [f"| {what} | {n:,} |" for what, n in sorted(other)]
    return "\n".join(lines)


def failures(found: Mapping[str, Found]) -> list[str]:
    """A line for every kept example of what may not be."""
    return [
        f"{kind} {number}: {what}: {detail}"
        for kind, one in found.items()
        for what, examples in one.examples.items()
        if what in FAILED or what.startswith(UNNOTICED)
        for number, detail in examples.items()
    ]


def page(path: Path, found: Mapping[str, Found]) -> None:
    put(table(found), path, BEGIN, END)
