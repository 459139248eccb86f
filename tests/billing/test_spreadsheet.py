"""What leaves as CSV is text to a spreadsheet; `make formulas` asks a real one."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.spreadsheet import as_text, guarded
from tests.formulas.hostile import NAMES

STARTERS = "=+-@＝＋－＠"
texts = st.text() | st.sampled_from(NAMES) | st.text("=+-@; \t1a'")


@given(texts)
def test_nothing_starts_like_a_formula_wherever_cells_are_parted(text: str) -> None:
    assert not any(cell.lstrip().startswith(tuple(STARTERS)) for cell in as_text(text).split(";"))
    assert as_text(text).replace("'", "") == text.replace("'", "")


@given(st.lists(texts, min_size=1))
def test_a_frame_says_the_same_and_its_numbers_stay_numbers(cells: list[str]) -> None:
    frame = pl.DataFrame({"name": [*cells, "-12.50", "7", None], "n": range(len(cells) + 3)})
    shown = guarded(frame)
    assert shown["name"].to_list()[-3:] == ["-12.50", "7", None]
    assert shown["n"].equals(frame["n"])
    for cell, said in zip(cells, shown["name"], strict=False):
        assert said in (cell, as_text(cell))
        assert said == as_text(cell) or said.lstrip("-").replace(".", "").isdecimal()


@pytest.mark.parametrize("text", ["Acme", "a-b", "x;y", "1-2", "a = b", "", "O'Brien"])
def test_ordinary_names_are_left_alone(text: str) -> None:
    assert as_text(text) == text
