"""`make machine`: the state machine on the code as it is, and on every seeded fault of it.

Exit 1 when something that must hold does not, or a fault is not found.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

from tests.alerts.machine.mutants import mutants
from tests.alerts.machine.search import CLEAN, Found, find
from tests.alerts.machine.seen import INVARIANTS
from tests.document import put

BEGIN, END = "<!-- machine: begin -->", "<!-- machine: end -->"


def table(found: list[Found], seconds: float) -> str:
    """What finds each fault, and what each invariant found, in Markdown."""
    clean, *faults = found
    killed = sum(bool(one.names) for one in faults)
    rows = ["| fault | broken first | CPU seconds |", "|---|---|---:|"]
    rows += [f"| {one.mutant} | {words(', '.join(one.names)) or '**nothing**'} | {one.seconds:.1f} |" for one in faults]
    rows += ["", "| what must hold | faults that break it first |", "|---|---:|"]
    names = (*INVARIANTS, "the_same_clock_again_changes_nothing")
    rows += [f"| {words(name)} | {sum(name in one.names for one in faults)} |" for name in names]
    rows += ["", f"{len(names)} invariants, {CLEAN} months of the code as it is in {clean.seconds:.0f} s, none broken."]
    cpu = sum(one.seconds for one in found)
    rows += [
        f"{killed} of {len(faults)} faults found. All of it took {cpu:.0f} seconds of CPU, {seconds:.0f} by the clock."
    ]
    return "\n".join(rows)


def words(name: str) -> str:
    return name.replace("_", " ")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="the document that the tables are put into")
    options = parser.parse_args()
    began = monotonic()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(find, [None, *mutants()]))
    text = table(found, monotonic() - began)
    print(text)
    if options.write:
        put(text, options.write, BEGIN, END)
    return 0 if all(one.names for one in found[1:]) else 1


if __name__ == "__main__":
    sys.exit(main())
