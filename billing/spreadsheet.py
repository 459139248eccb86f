"""Text in files that people open in a spreadsheet: nothing that somebody wrote into a name is ever reckoned there."""

import re

import polars as pl
import polars.selectors as cs

# What starts a formula, at the start of a cell or where a spreadsheet that parts cells at ; would start one.
_FORMULA = r"(^|;)(\s*[=+\-@＝＋－＠])"
_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"


def as_text(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula."""
    return re.sub(_FORMULA, r"\1'\2", text)


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame for a CSV file: every text as by `as_text`, save numbers that are written as text."""
    text = cs.string()
    shown = text.str.replace_all(_FORMULA, "${1}'${2}")
    return frame.with_columns(pl.when(text.str.contains(_NUMBER)).then(text).otherwise(shown))
