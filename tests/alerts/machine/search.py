"""A search for a month in which something that must hold does not, in the code as it is or with a fault in it."""

import sys
from contextlib import nullcontext
from time import process_time
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.alerts.machine.months import BrokenError, Months
from tests.alerts.machine.mutants import Mutant, planted

MONTHS, CLEAN, STEPS = 200, 60, 30  # CLEAN: of the code as it is


def search(mutant: Mutant | None = None, months: int = MONTHS) -> tuple[str, ...]:
    """The invariants that are broken in the first such month, the same one each time; none where all hold."""
    options = settings(
        max_examples=months,
        stateful_step_count=STEPS,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    try:
        with planted(mutant) if mutant else nullcontext():
            run_state_machine_as_test(Months, settings=options)
    except BrokenError as error:
        if not mutant:
            raise
        return error.names
    return ()


class Found(NamedTuple):
    """The invariants that a fault breaks, and how many seconds of CPU it took to find that."""

    mutant: Mutant | None
    names: tuple[str, ...]
    seconds: float


def find(mutant: Mutant | None) -> Found:
    began = process_time()
    names = search(mutant, MONTHS if mutant else CLEAN)
    found = Found(mutant, names, process_time() - began)
    print(f"{found.seconds:6.1f} {mutant}: {names}", file=sys.stderr, flush=True)
    return found
