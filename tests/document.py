"""Reports that stand between markers in the documents."""

from pathlib import Path


def put(text: str, file: Path, begin: str, end: str) -> None:
    """Put the report between the file's markers."""
    before, rest = file.read_text(encoding="utf-8").split(begin)
    after = rest.split(end)[1]
    file.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
