"""What a cycle knew of the days before its own, in files: the next cycles of the day read only the day's hours.

A cache of the lake and of what the detectors learned from it: `dawn/` in the workspace may be deleted at any time, and
is not looked at unless it was learned from just what a cycle would learn from now.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from billing.catalog import Catalog
from billing.grid import Grid, SeriesKey
from billing.hours import hours_between, iso
from billing.rollups import Hours
from detectors.dawn import Dawn
from detectors.series import Flags, Panel
from detectors.state import Rows

FORMAT = 1  # of the files, and of what is learned
DAY_HOURS = 24


@dataclass(frozen=True)
class Origin:
    """What a keep was learned from, beside the lake's rows up to `seq`. start: of the window; day: its newest 00:00."""

    start: datetime
    day: datetime
    book: int
    catalog: Catalog

    def facts(self) -> dict[str, Any]:
        """As they are written down."""
        meters = repr(sorted(self.catalog.meters.items())).encode()
        return {
            "format": FORMAT,
            "start": iso(self.start),
            "day": iso(self.day),
            "book": self.book,
            "catalog": hashlib.sha256(meters).hexdigest(),
        }


@dataclass(frozen=True)
class Keep:
    """keys: the rows of the grid; rows: those of them that are the dawn's, by its order. values, seen: [hours to the
    end of the day, series], changed in memory alone. unlearned: [n, 2], the dawn's row and the column of each hour
    before the day that it did not learn from, because an alert has it."""

    start: datetime
    day: datetime
    seq: int
    keys: tuple[SeriesKey, ...]
    rows: Rows
    values: Hours
    seen: Flags
    unlearned: NDArray[np.intp]
    dawn: Dawn

    @cached_property
    def place(self) -> Mapping[SeriesKey, int]:
        """The dawn's row of each of its series."""
        return {self.keys[row]: place for place, row in enumerate(self.rows.tolist())}

    @property
    def column(self) -> int:
        """The day's first."""
        return hours_between(self.start, self.day)

    def learned(self, rows: Rows) -> Flags:
        """[rows, hours before the day]. rows: of the dawn, ascending; with all of which an hour is not learned from."""
        learned = np.ones((len(rows), self.column), np.bool_)
        place, columns = np.searchsorted(rows, self.unlearned[:, 0]), self.unlearned[:, 1]
        learned[place, columns] = False
        return learned

    def with_today(self, today: Grid) -> Grid | None:
        """The whole grid with the hours of the day; None where it has series that were never heard of before."""
        rows = self._rows_of(today.keys)
        if rows is None or today.values.dtype != self.values.dtype:
            return None
        column, hours = self.column, today.values.shape[1]
        for kept, new in ((self.values, today.values), (self.seen, today.seen)):
            kept[column : column + hours, rows] = new.T
        end = column + hours
        return Grid(self.keys, self.start, self.values[:end].T, self.seen[:end].T)

    def _rows_of(self, keys: tuple[SeriesKey, ...]) -> slice | list[int] | None:
        if keys == self.keys:
            return slice(None)
        row_of = {key: row for row, key in enumerate(self.keys)}
        return [row_of[key] for key in keys] if row_of.keys() >= set(keys) else None


def save(directory: Path, origin: Origin, seq: int, grid: Grid, panel: Panel, dawn: Dawn) -> None:
    """Keep what was learned of the panel, the grid's series of the book. A disk that takes no more is no fault."""
    if grid.values.dtype == object:
        return
    new = directory.with_suffix(".new")
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        _write(new, origin, seq, grid, panel, dawn)
        shutil.rmtree(directory, ignore_errors=True)
        new.rename(directory)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)


def read(directory: Path, origin: Origin) -> Keep | None:
    """What was kept, if it was learned from `origin`. A page of the files is read when it is looked at."""
    try:
        facts = json.loads((directory / "facts.json").read_text())
        seq = facts.pop("seq")
        if facts != origin.facts():
            return None

        def array(name: str, mode: Any = "r") -> Any:
            return np.load(directory / f"{name}.npy", mmap_mode=mode)

        count = len(list(directory.glob("lessons.*.npy")))
        simple = {field.name: array(field.name) for field in fields(Dawn) if field.name != "lessons"}
        return Keep(
            start=origin.start,
            day=origin.day,
            seq=seq,
            keys=tuple(map(tuple, np.load(directory / "keys.npy").tolist())),
            rows=array("rows"),
            values=array("values", "c"),
            seen=array("seen", "c"),
            unlearned=array("unlearned"),
            dawn=Dawn(**simple, lessons=tuple(array(f"lessons.{nth}") for nth in range(count))),
        )
    except (OSError, ValueError, KeyError):
        return None


def _write(directory: Path, origin: Origin, seq: int, grid: Grid, panel: Panel, dawn: Dawn) -> None:
    column = hours_between(origin.start, origin.day)
    for name, known in (("values", grid.values), ("seen", grid.seen)):
        _write_by_hour(directory / f"{name}.npy", known[:, :column])
    names = [field.name for field in fields(Dawn) if field.name != "lessons"]
    arrays: dict[str, Any] = {name: getattr(dawn, name) for name in names}
    arrays |= {f"lessons.{nth}": lesson for nth, lesson in enumerate(dawn.lessons)}
    arrays["keys"] = np.array(grid.keys)
    arrays["rows"] = np.array([grid.row_of[key] for key in panel.keys], dtype=np.intp)
    arrays["unlearned"] = np.argwhere(~panel.learned[:, :column])
    for name, array in arrays.items():
        np.save(directory / name, array)
    (directory / "facts.json").write_text(json.dumps({**origin.facts(), "seq": seq}))


def _write_by_hour(path: Path, known: NDArray[Any]) -> None:
    """[series, hours] as [hours and those of the day, series], so that an hour's are read and put in at once."""
    series, hours = known.shape
    header = {"descr": np.lib.format.dtype_to_descr(known.dtype), "fortran_order": False}
    with path.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, {**header, "shape": (hours + DAY_HOURS, series)})
        for first in range(0, hours, DAY_HOURS):
            file.write(np.ascontiguousarray(known[:, first : first + DAY_HOURS].T).data)
        file.write(np.zeros((DAY_HOURS, series), known.dtype).data)
