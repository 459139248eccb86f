"""`python -m tests.formulas`: every CSV that leaves the house, opened by a real LibreOffice, must hold no formula.

A book full of names that are formulas is billed and exported; the same cells unguarded show that the judge sees them.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tests.document import put
from tests.formulas.exports import exports
from tests.formulas.hostile import NAMES

BEGIN, END = "<!-- formulas: begin -->", "<!-- formulas: end -->"
FORMULA = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}formula"
SEPARATORS = {",": 44, ";": 59}


def formulas(file: Path, separator: str) -> int:
    """How many cells of the CSV file LibreOffice takes for formulas."""
    with tempfile.TemporaryDirectory() as folder:
        reading = f"CSV:{SEPARATORS[separator]},34,76,1,,0,false,true,false"  # UTF-8; like numbers, so like formulas
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", f"--infilter={reading}"]
        subprocess.run(
            [*command, "--convert-to", "fods", "--outdir", folder, str(file)],
            check=True,
            capture_output=True,
            timeout=240,
        )
        tree = ElementTree.parse(Path(folder) / f"{file.stem}.fods")
        return sum(FORMULA in cell.attrib for cell in tree.iter())


def table(folder: Path) -> tuple[str, int]:
    """Markdown, and the number of formulas in what leaves the house."""
    raw = folder / "unguarded.csv"
    with raw.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([name, 1] for name in NAMES)
    lines = ["| file | hostile cells | formulas, cells parted at , | at ; |", "|---|---:|---:|---:|"]
    found = 0
    for name, file in {"the same names unguarded": raw, **exports(folder)}.items():
        with file.open(newline="", encoding="utf-8-sig") as opened:
            cells = [cell for row in csv.reader(opened) for cell in row]
        hostile = sum(cell in NAMES or cell.replace("'", "") in PLAIN for cell in cells)
        counts = [formulas(file, separator) for separator in SEPARATORS]
        found += sum(counts) * (file != raw)
        lines.append(f"| {name} | {hostile:,} | {counts[0]:,} | {counts[1]:,} |")
    return "\n".join(lines), found


PLAIN = {name.replace("'", "") for name in NAMES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="the page to put the table into")
    options = parser.parse_args()
    if not shutil.which("soffice"):
        sys.exit("LibreOffice is not installed: apt-get install libreoffice-calc --no-install-recommends")
    with tempfile.TemporaryDirectory() as folder:
        text, found = table(Path(folder))
    print(text)
    if options.write:
        put(text, options.write, BEGIN, END)
    if found:
        sys.exit(f"{found} cells became formulas")


if __name__ == "__main__":
    main()
