"""Months in which anything may happen, on the real code: what must hold holds, and seeded faults are found."""

import pytest

from tests.alerts.machine.mutants import Mutant, mutants
from tests.alerts.machine.search import search

QUICK = 3  # every so many of the faults is in the usual suite; `make machine` takes all


def test_what_must_hold_holds() -> None:
    assert search(months=60) == ()


@pytest.mark.parametrize("mutant", mutants()[::QUICK], ids=str)
def test_a_fault_is_found(mutant: Mutant) -> None:
    assert search(mutant), f"nothing that must hold is broken: {mutant.before!r} became {mutant.after!r}"


@pytest.mark.whole
@pytest.mark.parametrize("mutant", [one for place, one in enumerate(mutants()) if place % QUICK], ids=str)
def test_every_other_fault_is_found(mutant: Mutant) -> None:
    test_a_fault_is_found(mutant)
