"""Usage files: which there are, and how each kind is read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from billing import limits
from billing.errors import Fault, InputError
from billing.sources.bodies import read_json
from billing.sources.csv_lines import read_csv
from billing.sources.read import Read, joined
from billing.sources.texts import blocks, read_text

KINDS = (CSV, JSON, JSON_LINES, PARQUET) = (".csv", ".json", ".jsonl", ".parquet")


def read_file(path: Path) -> Read:
    """The whole usage of a file; see read_parts."""
    return joined(read_parts(path))


def read_parts(path: Path) -> Iterator[Read]:
    """Usage of a file in parts, by its suffix: .csv, .json, .jsonl (each may be gzipped, .gz) or .parquet.

    Raises InputError, naming why, for a file that cannot be read as a whole or holds more than billing.limits
    allows: perhaps at a later part.
    """
    rows = bad = 0
    for part in _parts(path):
        rows, bad = rows + part.usage.height + len(part.bad), bad + len(part.bad)
        if rows > limits.ROWS:
            raise InputError([Fault(str(path), 0, "", f"holds more than {limits.ROWS:,} rows: split it")])
        if bad > limits.BAD_ROWS:
            what = f"more than {limits.BAD_ROWS:,} rows are bad: mend how it is written; line {part.bad[0].fault.line}"
            what += f" for one: {part.bad[0].fault.what}"
            raise InputError([Fault(str(path), 0, "", what)])
        yield part


def _parts(path: Path) -> Iterator[Read]:
    kind = _kind(path)
    if kind not in KINDS:
        raise InputError([Fault(str(path), 0, "", f"not a kind of usage file; known are {', '.join(KINDS)}")])
    if not path.is_file():
        raise InputError([Fault(str(path), 0, "", "there is no such file")])
    if path.stat().st_size > limits.FILE:
        raise InputError([Fault(str(path), 0, "", f"is larger than {limits.size(limits.FILE)}: split it")])
    if kind == PARQUET:
        from billing.sources.parquet import read_parquet

        yield from read_parquet(path)
    elif kind == CSV:
        yield from read_csv(blocks(path), str(path))
    else:
        yield read_json(read_text(path), str(path))


def usage_paths(paths: Sequence[Path]) -> list[Path]:
    """The files meant by `paths`: a directory stands for the usage files in and below it, sorted.

    Raises InputError naming every path that is not there and every directory without a usage file.
    """
    found: list[Path] = []
    faults: list[Fault] = []
    for path in paths:
        files = sorted(filter(_is_usage, path.rglob("*"))) if path.is_dir() else [path]
        if not path.exists():
            faults.append(Fault(str(path), 0, "", "there is no such file or directory"))
        elif not files:
            faults.append(Fault(str(path), 0, "", f"no usage file is in it ({', '.join(KINDS)})"))
        found += files
    if faults:
        raise InputError(faults)
    return found


def _kind(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _is_usage(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and _kind(path) in KINDS
