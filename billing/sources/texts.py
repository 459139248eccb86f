"""Text files, gzipped or not: in blocks of whole lines or at once, and never more than billing.limits allows."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from billing import limits
from billing.errors import Fault, InputError

BLOCK = 16 * limits.MIB
_GZIP = b"\x1f\x8b"


def read_text(path: Path) -> str:
    """The text of a UTF-8 file that has to be read at once. Raises InputError."""
    with _opened(path) as file:
        data = file.read(limits.JSON + 1)
    if len(data) > limits.JSON:
        what = f"holds more than {limits.size(limits.JSON)} of text: split it into several files"
        raise InputError([Fault(str(path), 0, "", what)])
    return _decoded(data, path, 0)


def blocks(path: Path) -> Iterator[str]:
    """The text of a UTF-8 file in blocks that end where a line does, at least one. Raises InputError."""
    size = lines = 0
    with _opened(path) as file:
        while True:
            data = file.read(BLOCK)
            rest = file.readline(limits.LINE)
            last = len(data) < BLOCK
            data += rest
            if len(rest) == limits.LINE and not rest.endswith(b"\n"):
                what = f"the line is longer than {limits.size(limits.LINE)}: this is no CSV of usage"
                raise InputError([Fault(str(path), lines + data.count(b"\n") + 1, "", what)])
            yield _decoded(data, path, lines)
            size, lines = size + len(data), lines + data.count(b"\n")
            if size > limits.TEXT or lines > limits.ROWS:
                most = f"{limits.size(limits.TEXT)} of text or {limits.ROWS:,} lines"
                raise InputError([Fault(str(path), 0, "", f"holds more than {most}: split it into several files")])
            if last:
                return


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked. What fails while they are read is an InputError."""
    try:
        with path.open("rb") as file:
            packed = file.peek(2).startswith(_GZIP)
            yield cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file
    except (OSError, EOFError, zlib.error) as wrong:
        raise InputError([Fault(str(path), 0, "", f"cannot be read: {wrong}")]) from wrong


def _decoded(data: bytes, path: Path, lines_before: int) -> str:
    try:
        return data.decode("utf-8" if lines_before else "utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = lines_before + data.count(b"\n", 0, wrong.start) + 1
        raise InputError([Fault(str(path), line, "", f"not UTF-8: byte 0x{wrong.object[wrong.start]:02x}")]) from wrong
