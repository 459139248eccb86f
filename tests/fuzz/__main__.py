"""`python -m tests.fuzz`: files of every kind, damaged in every way, read in processes that may die."""

import argparse
import sys
from pathlib import Path

from tests.fuzz.report import failures, page, table
from tests.fuzz.run import KIND_NAMES, fuzz


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=KIND_NAMES, help=f"of {', '.join(KIND_NAMES)}")
    parser.add_argument("--files", type=int, default=20_000, help="of each kind")
    parser.add_argument("--first", type=int, default=0, help="the number of the first file")
    parser.add_argument("--write", type=Path, help="the page to put the table into")
    options = parser.parse_args()
    found = {kind: fuzz(kind, options.first, options.files) for kind in options.kinds}
    print(table(found))
    if options.write:
        page(options.write, found)
    if failed := failures(found):
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
