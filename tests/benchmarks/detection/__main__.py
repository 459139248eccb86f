"""How well runaway usage is found: every figure of the protocol beside its bar, and ordinary methods beside ours.

`make bench-detect`, or from the repository's root
`python -m tests.benchmarks.detection [--half tuning|reporting] [--panel FILE] [--json] [--peers N] [--write FILE]`.
Exit 1 when a bar is missed.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.detection import material, race, verdicts
from tests.benchmarks.detection.figures import Figure, figures
from tests.document import put

BEGIN, END = "<!-- detection: begin -->", "<!-- detection: end -->"


def table(found: Sequence[Figure]) -> str:
    rows = ["| figure | bar | reached | |", "|---|---|---|---|"]
    for one in found:
        bar = "" if one.bar is None else f"{'<=' if one.at_most else '>='} {one.bar:g}"
        mark = "" if one.bar is None else "✓" if one.held else "**missed**"
        rows.append(f"| {one.what} | {bar} | {one.reached:.3g} | {mark} |")
    return "\n".join(rows)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--half", choices=material.HALVES, default="reporting")
    arguments.add_argument("--panel", type=Path, default=material.PANEL)
    arguments.add_argument("--json", action="store_true", help="our figures only, by name")
    arguments.add_argument("--peers", type=int, default=0, help="against peers, on so many series of each half")
    arguments.add_argument("--write", type=Path, help="a document with the markers")
    chosen = arguments.parse_args()
    series = material.read(chosen.half, chosen.panel)
    found = figures(series)
    held = all(one.held for one in found)
    if chosen.json:
        print(json.dumps({one.what: one.reached for one in found}, indent=1))
    else:
        taught = verdicts.measured(verdicts.material_of(series))
        parts = [f"Measured {datetime.now(UTC):%Y-%m-%d} on the {chosen.half} half.", table(found)]
        parts.append(verdicts.table(taught))
        held &= taught.held
        if chosen.peers:
            halves = [race.subset(half, chosen.panel, chosen.peers) for half in material.HALVES]
            rows = race.race(*halves, workers=os.cpu_count() or 1)
            parts += [race.said(*halves), race.table(rows), race.verdict(rows)]
        text = "\n\n".join(parts)
        print(text)
        if chosen.write:
            put(text, chosen.write, BEGIN, END)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
