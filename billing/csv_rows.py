"""Rows of a small CSV file, every fault collected as file:line: column: what."""

import csv
import io
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from billing import limits
from billing.errors import Fault

_NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]")
ID_LENGTH = 200
LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Row:
    """One row; each reader returns a usable value and notes a fault where the text is wrong."""

    place: str
    line: int
    cells: dict[str, str]
    faults: list[Fault]

    def fault(self, column: str, what: str) -> None:
        self.faults.append(Fault(self.place, self.line, column, what))

    def text(self, column: str) -> str:
        """Any text without control characters."""
        value = self.cells[column]
        if _CONTROL.search(value):
            self.fault(column, "holds a control character or a line break")
        return value

    def identifier(self, column: str) -> str:
        """A text that is not empty and not over 200 characters."""
        value = self.text(column)
        if not value:
            self.fault(column, "is empty")
        elif len(value) > ID_LENGTH:
            self.fault(column, f"is longer than {ID_LENGTH} characters")
        return value

    def choice(self, column: str, allowed: Sequence[str]) -> str:
        value = self.cells[column]
        if value not in allowed:
            self.fault(column, f"{value!r} is none of {', '.join(allowed)}")
        return value

    def reference(self, column: str, known: Container[str] | None, file: str) -> str:
        """An id that another file of the book defines; None where that file could not be read."""
        value = self.identifier(column)
        if value and known is not None and value not in known:
            self.fault(column, f"{value!r} is not in {file}")
        return value

    def number(self, column: str) -> Decimal | None:
        """A decimal of 0 or more; None where the cell is empty."""
        value = self.cells[column]
        if not value:
            return None
        if not _NUMBER.fullmatch(value):
            self.fault(column, f"{value!r} is not a number of 0 or more, such as 12 or 0.085")
            return None
        return Decimal(value)

    def whole(self, column: str) -> int | None:
        """A whole number of 0 or more; None where the cell is empty."""
        value = self.number(column)
        if value is not None and (value != value.to_integral_value() or value > LARGEST):
            self.fault(column, f"{self.cells[column]!r} is not a whole number up to {LARGEST:,}")
            return None
        return None if value is None else int(value)

    def day(self, column: str, *, required: bool) -> date | None:
        value = self.cells[column]
        if not value and not required:
            return None
        try:
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                raise ValueError
            return date.fromisoformat(value)
        except ValueError:
            self.fault(column, f"{value!r} is not a date: write YYYY-MM-DD")
            return None


def read_rows(path: Path, columns: Sequence[str], faults: list[Fault], optional: Sequence[str] = ()) -> Iterator[Row]:
    """The rows of a UTF-8 CSV file with a header row; cells are stripped, blank lines are passed over.

    The cells of an optional column that is not there are empty.

    A file that cannot be read, lacks a column or repeats one is a fault and has no rows; a row with too
    few or too many cells is a fault and is left out.
    """
    place = path.name
    try:
        if path.stat().st_size > limits.BOOK_FILE:
            faults.append(Fault(place, 0, "", f"is larger than {limits.size(limits.BOOK_FILE)}: no book is"))
            return
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        faults.append(Fault(place, 0, "", f"cannot be read: {error.strerror}"))
        return
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.append(Fault(place, line, "", "is not UTF-8: save it as UTF-8"))
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        wrong = [Fault(place, 1, name, "the column is missing") for name in columns if name not in header]
        wrong += [
            Fault(place, 1, name, "the column stands there twice")
            for name in (*columns, *optional)
            if header.count(name) > 1
        ]
        faults += wrong
        if wrong:
            return
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                what = f"has {len(cells)} cells where the header has {len(header)}"
                faults.append(Fault(place, reader.line_num, "", what))
                continue
            named = dict(zip(header, map(str.strip, cells), strict=True))
            yield Row(place, reader.line_num, dict.fromkeys(optional, "") | named, faults)
    except csv.Error as error:
        faults.append(Fault(place, reader.line_num, "", f"is not CSV: {error}"))
