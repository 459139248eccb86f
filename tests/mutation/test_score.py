"""The seeded faults fit the modules as they are, and the score tells a fault that is noticed from one that is none."""

import ast
from pathlib import Path

import pytest

from tests.document import put
from tests.mutation.mutants import MODULES, Mutant, mutants
from tests.mutation.score import BEGIN, END, Verdict, equivalents, judged, report

RATING = ["tests/billing/test_rating.py"]


@pytest.mark.parametrize("module", MODULES)
def test_every_fault_is_a_program_and_every_equivalent_one_of_them(module: str) -> None:
    found = mutants(module)
    for mutant in found:
        ast.parse(mutant.source)
    assert {key for key in equivalents() if key[0] == module} <= {mutant.key for mutant in found}


def graduated(after: str) -> Mutant:
    (found,) = (m for m in mutants("billing.rating") if m.function == "graduated" and m.after == after)
    return found


def test_two_faults_of_the_bands() -> None:
    """The wrong end of a band is noticed; a band of no width costs nothing whether it is looked at or not."""
    wrong = graduated("top = units if tier.up_to_units is None else max(units, tier.up_to_units)")
    same = graduated("if (top >= below):")
    assert judged([wrong, same], RATING) == [Verdict(wrong, True), Verdict(same, False)]


def test_only_what_is_named_may_survive() -> None:
    wrong = graduated("top = units if tier.up_to_units is None else max(units, tier.up_to_units)")
    same = graduated("if (top >= below):")
    text, good = report([Verdict(wrong, True), Verdict(same, False)])
    assert good
    assert "| billing.rating | 2 | 1 | 1 | 0 |" in text
    assert not report([Verdict(wrong, False), Verdict(same, False)])[1]
    assert not report([Verdict(wrong, True), Verdict(same, True)])[1]


def test_tests_that_are_not_there_judge_nothing() -> None:
    with pytest.raises(RuntimeError, match="finds no tests"):
        judged([], ["tests/billing/test_nothing.py"])


def test_the_score_is_written_between_the_markers(tmp_path: Path) -> None:
    page = tmp_path / "exactness.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    put("new", page, BEGIN, END)
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
