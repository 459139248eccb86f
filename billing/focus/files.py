"""FOCUS frames as files: all of them, or none."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import polars as pl
import polars.selectors as cs

from billing import outgoing
from billing.spreadsheet import guarded

ENDINGS = (".csv", ".parquet")


def write(frames: Mapping[Path, pl.DataFrame]) -> None:
    """Each frame as CSV or Parquet by its path's ending; earlier files stay unless all of the new ones are written.

    Raises WorldError where the disk does not let it.
    """
    outgoing.write({path: partial(_write, frame) for path, frame in frames.items()})


def _write(frame: pl.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".csv":
        _as_text(frame).write_csv(path)
    else:
        frame.write_parquet(path)


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """FOCUS' formats: UTC with Z; one digit after the point at least, because readers take 7 for an integer."""
    return guarded(frame).with_columns(
        cs.decimal().cast(pl.String).str.strip_chars_end("0").str.replace(r"\.$", ".0"),
        cs.datetime().dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
