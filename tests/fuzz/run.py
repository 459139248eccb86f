"""A fuzzing process watched: asked for one file at a time, killed when it hangs, started anew when it died."""

import json
import selectors
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.kinds import CRASHED, HUNG, KINDS, Verdict

ROOT = Path(__file__).resolve().parents[2]
KIND_NAMES = list(KINDS)
CHILD = "from tests.fuzz.child import main; main()"
PATIENCE = 60.0  # seconds for one file
KEPT = 20  # examples of each verdict


@dataclass
class Found:
    """How often each verdict fell, examples of it by the number of their file, and how long all took."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, dict[int, str]] = field(default_factory=dict)
    deaths: int = 0
    seconds: float = 0.0
    slowest: float = 0.0

    def add(self, number: int, verdict: Verdict, took: float) -> None:
        self.counts[verdict.what] += 1
        self.slowest = max(self.slowest, took)
        if verdict.detail and len(kept := self.examples.setdefault(verdict.what, {})) < KEPT:
            kept[number] = verdict.detail


class Child:
    """A process of tests.fuzz.child."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.ready = selectors.DefaultSelector()
        self.ready.register(self.process.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]

    def ask(self, kind: str, number: int) -> Verdict:
        """The verdict; a crash where the process died, a hang where it did not answer in time."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{kind} {number}\n".encode())
        self.process.stdin.flush()
        if not self.ready.select(PATIENCE):
            return Verdict(HUNG, f"no answer in {PATIENCE} s")
        line = self.process.stdout.readline()
        return Verdict(*json.loads(line)) if line else Verdict(CRASHED, f"died: {self.process.wait()}")

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.ready.close()


def fuzz(kind: str, first: int, files: int) -> Found:
    """Files `first` and on, `files` of them, of one kind."""
    found, started = Found(), time.monotonic()
    child = Child()
    for number in range(first, first + files):
        began = time.monotonic()
        verdict = child.ask(kind, number)
        found.add(number, verdict, time.monotonic() - began)
        if verdict.what == HUNG or verdict.detail.startswith("died"):
            found.deaths += 1
            child.stop()
            child = Child()
        if sys.stderr.isatty() and number % 100 == 0:
            sys.stderr.write(f"\r{kind} {number}")
    child.stop()
    found.seconds = time.monotonic() - started
    return found
