"""Usage files: which there are, and how each kind is read."""

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from billing.errors import Fault, InputError
from billing.sources.bodies import read_json
from billing.sources.csv_lines import read_csv
from billing.sources.read import Read, joined

PARQUET = ".parquet"
TEXT: dict[str, Callable[[str, str], Read]] = {".csv": read_csv, ".json": read_json, ".jsonl": read_json}


def read_file(path: Path) -> Read:
    """The whole usage of a file; see read_parts."""
    return joined(read_parts(path))


def read_parts(path: Path) -> Iterator[Read]:
    """Usage of a file, by its suffix: .csv, .json, .jsonl (each may be gzipped, .gz) or, in parts, .parquet.

    Raises InputError, naming why, for a file that cannot be read as a whole: with Parquet perhaps at a later part.
    """
    kind = _kind(path)
    if kind not in (PARQUET, *TEXT):
        raise InputError(
            [Fault(str(path), 0, "", f"not a kind of usage file; known are {', '.join((*TEXT, PARQUET))}")]
        )
    if not path.is_file():
        raise InputError([Fault(str(path), 0, "", "there is no such file")])
    if kind == PARQUET:
        from billing.sources.parquet import read_parquet

        yield from read_parquet(path)
    else:
        yield TEXT[kind](read_text(path), str(path))


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
            faults.append(Fault(str(path), 0, "", f"no usage file is in it ({', '.join((*TEXT, PARQUET))})"))
        found += files
    if faults:
        raise InputError(faults)
    return found


def _kind(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _is_usage(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and _kind(path) in (PARQUET, *TEXT)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, gzipped or not. Raises InputError."""
    try:
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as wrong:
        raise InputError([Fault(str(path), 0, "", f"cannot be read: {wrong}")]) from wrong
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        raise InputError([Fault(str(path), line, "", f"not UTF-8: byte 0x{data[wrong.start]:02x}")]) from wrong
