"""The kinds of file that are fuzzed: how one is made, and what is right to make of it."""

import gzip
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple

from billing.errors import InputError
from billing.sources.files import read_file
from tests.fuzz import book, hostile, parquet, plain_csv, plain_json, texts
from tests.fuzz.readings import Refused, Row, disagreement

ACCEPTED, REFUSED = "accepted", "refused whole"
WRONG, LOST, CRASHED, HUNG = "wrong value", "good row lost", "crash", "hang"


class Verdict(NamedTuple):
    """What came of one file: what the product did, and in words what is wrong with that."""

    what: str
    detail: str = ""


class Kind(NamedTuple):
    """`make` writes the file of a number into a folder; `judge` has it read and says what came of it."""

    make: Callable[[Path, Random], object]
    judge: Callable[[Path, object], Verdict]


def text_file(suffix: str, made: Callable[[Random], str], reading: Callable[[str], list[Row] | Refused]) -> Kind:
    """Files of usage in text."""

    def make(folder: Path, random: Random) -> Path:
        content, other = (made(random).encode() for _ in range(2))
        path = folder / f"usage{random.choice(suffix.split())}"
        path.write_bytes(hostile.spoilt(content, random, other))
        return path

    def judge(folder: Path, path: object) -> Verdict:
        assert isinstance(path, Path)
        text = unpacked(path.read_bytes())
        rows = Refused() if text is None else reading(text)
        try:
            found = read_file(path)
        except InputError as refused:
            said = str(refused)
            return (
                Verdict(REFUSED) if isinstance(rows, Refused) else Verdict(LOST, f"refused a good file: {said[:300]}")
            )
        if isinstance(rows, Refused):
            return Verdict(WRONG, "a file that nobody can read was read") if rows.sure else Verdict(ACCEPTED)
        wrong = disagreement(rows, found.usage.iter_rows(), {bad.fault.line for bad in found.bad})  # type: ignore[arg-type]
        if not wrong:
            return Verdict(ACCEPTED)
        return Verdict(LOST if "was set aside" in wrong and "not" not in wrong else WRONG, wrong)

    return Kind(make, judge)


def unpacked(content: bytes) -> str | None:
    """The text of UTF-8 bytes, gzipped or not."""
    try:
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        return content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return None


def parquet_judge(folder: Path, made: object) -> Verdict:
    assert isinstance(made, parquet.Made)
    try:
        found = read_file(made.path)
    except InputError:
        return Verdict(REFUSED)
    return Verdict(*parquet.compared(made, found))


def book_judge(folder: Path, made: object) -> Verdict:
    wrong, accepted = book.disagreement(folder)
    return Verdict(WRONG, wrong) if wrong else Verdict(ACCEPTED if accepted else REFUSED)


KINDS: Mapping[str, Kind] = {
    "csv": text_file(".csv .csv .CSV .csv.gz", texts.csv_text, plain_csv.read),
    "json": text_file(".json .json .jsonl .json.gz", texts.json_text, plain_json.read),
    "parquet": Kind(parquet.make, parquet_judge),
    "book": Kind(book.make, book_judge),
}
