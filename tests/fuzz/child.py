"""One fuzzing process: judges files by number until told to stop. What kills it is the finding."""

import json
import logging
import os
import resource
import shutil
import sys
import tempfile
from pathlib import Path
from random import Random

from tests.fuzz.kinds import CRASHED, KINDS, Verdict

MEMORY = 4 * 2**30
SECONDS_OF_CPU = 1800


def judged(kind: str, number: int, folder: Path) -> Verdict:
    """What comes of the file of that number, always the same."""
    made = KINDS[kind].make(folder, Random(f"{kind} {number}"))
    try:
        return KINDS[kind].judge(folder, made)
    except BaseException as crash:  # noqa: BLE001  also a panic of a library written in Rust
        return Verdict(CRASHED, f"{type(crash).__name__}: {crash}"[:300])


def main() -> None:
    """Lines `kind number` in, lines of JSON out."""
    logging.disable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_OF_CPU, SECONDS_OF_CPU))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        kind, number = line.split()
        folder = Path(tempfile.mkdtemp())
        try:
            verdict = judged(kind, int(number), folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        answers.write(json.dumps(verdict) + "\n")
        answers.flush()
