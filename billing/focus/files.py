"""FOCUS frames as files: all of them, or none."""

from collections.abc import Mapping
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
    writers = {
        path: _as_text(frame).write_csv if _is_csv(path) else frame.write_parquet for path, frame in frames.items()
    }
    outgoing.write(writers)


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """FOCUS' formats: UTC with Z; one digit after the point at least, because readers take 7 for an integer."""
    return guarded(frame).with_columns(
        cs.decimal().cast(pl.String).str.strip_chars_end("0").str.replace(r"\.$", ".0"),
        cs.datetime().dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
