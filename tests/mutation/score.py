"""How many seeded money faults the tests notice.

`make mutants`, or from the repository's root
`python -m tests.mutation.score [--module billing.rating ...] [--write FILE]`.
Every mutant is judged by the tests below in a process of its own, which stop at the first that fails. Exit 1 when a
mutant survives that equivalents.toml does not name, or when one is named there that is none or does not survive.
"""

import argparse
import contextlib
import importlib.util
import multiprocessing
import os
import sys
import time
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.document import put
from tests.mutation.mutants import HERE, MODULES, ROOT, Mutant, mutants, path_of

# The quick ones first. Random worlds find no fault that these must not find: they would only make it slow.
TESTS = tuple(
    f"tests/billing/test_{name}.py"
    for name in ("money", "rating", "rollups", "shares", "statement", "included", "changes", "bill")
)
SLOW = "test_every_world or test_the_parts_of_the_orgs"
PRELOADED = ["numpy", "polars", "pyarrow", "deltalake", "pytest", "hypothesis"]
SECONDS = 300  # a mutant that runs longer hangs, and that is noticed
BEGIN, END = "<!-- mutants: begin -->", "<!-- mutants: end -->"


@dataclass(frozen=True)
class Verdict:
    mutant: Mutant
    killed: bool


class Quick:
    """A pytest plugin: the same examples every time, and no search for the smallest that fails."""

    def pytest_collection(self) -> None:
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", settings(), phases=phases, derandomize=True, database=None)
        settings.load_profile("mutants")


def judge(mutant: Mutant | None, tests: Sequence[str]) -> None:
    """Run the tests on the mutant, in a process that has imported nothing of the project; exit with pytest's code."""
    os.chdir(ROOT)
    if mutant:
        _put_in(mutant)
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore::pytest.PytestWarning"]
        near, rest = [t for t in tests if t == _near(mutant)], [t for t in tests if t != _near(mutant)]
        codes = (pytest.main([*options, *some], plugins=[Quick()]) for some in (near, rest) if some)
        os._exit(next((code for code in codes if code), 0))


def _near(mutant: Mutant | None) -> str:
    """The module's own tests, which see its faults soonest."""
    return f"tests/billing/test_{mutant.module.rpartition('.')[2]}.py" if mutant else ""


def _put_in(mutant: Mutant) -> None:
    spec = importlib.util.find_spec(mutant.module)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[mutant.module] = module
    exec(compile(mutant.source, str(path_of(mutant.module)), "exec"), module.__dict__)


def survives(mutant: Mutant | None, tests: Sequence[str]) -> bool:
    """Whether the tests pass on it; None is the project as it is. Raises RuntimeError when they cannot be run."""
    process = CONTEXT.Process(target=judge, args=(mutant, tests))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
    if process.exitcode in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"pytest finds no tests: {' '.join(tests)}")
    return process.exitcode == 0


def judged(found: Iterable[Mutant], tests: Sequence[str] = TESTS) -> list[Verdict]:
    """Two at a time. Raises RuntimeError when the tests fail without any fault."""
    if not survives(None, tests):
        raise RuntimeError("the tests fail without a fault: mend them first")
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda mutant: _told(Verdict(mutant, not survives(mutant, tests))), found))


def _told(verdict: Verdict) -> Verdict:
    if not verdict.killed:
        print(f"survived: {verdict.mutant}", file=sys.stderr, flush=True)
    return verdict


def equivalents() -> dict[tuple[str, str, str, str], str]:
    """Mutants that bill the same, whatever the world, by key: the reason."""
    rows = tomllib.loads((HERE / "equivalents.toml").read_text(encoding="utf-8")).get("mutant", [])
    return {(row["module"], row["function"], row["before"], row["after"]): row["reason"] for row in rows}


def report(verdicts: Sequence[Verdict]) -> tuple[str, bool]:
    """The score in Markdown, and whether every fault is killed and every equivalent is one."""
    same = equivalents()
    rows = ["| module | faults | killed | equivalent | survived |", "|---|---|---|---|---|"]
    for module in (*dict.fromkeys(verdict.mutant.module for verdict in verdicts), "all"):
        of_it = [verdict for verdict in verdicts if module in ("all", verdict.mutant.module)]
        left = [verdict.mutant.key in same for verdict in of_it if not verdict.killed]
        rows.append(f"| {module} | {len(of_it)} | {len(of_it) - len(left)} | {sum(left)} | {len(left) - sum(left)} |")
    survivors = {verdict.mutant.key for verdict in verdicts if not verdict.killed}
    noticed = {verdict.mutant.key for verdict in verdicts if verdict.killed} & same.keys() - survivors
    rows += [f"\nNamed as equivalent, and noticed: {m}.{f}: `{before}` as `{after}`" for m, f, before, after in noticed]
    return "\n".join(rows), survivors <= same.keys() and not noticed


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--module", choices=MODULES, nargs="+", default=list(MODULES))
    arguments.add_argument("--write", type=Path, help="a document with the markers")
    chosen = arguments.parse_args()
    started = time.monotonic()
    text, good = report(judged([mutant for module in chosen.module for mutant in mutants(module)]))
    print(f"{text}\n\n{time.monotonic() - started:.0f} s")
    if chosen.write:
        put(text, chosen.write, BEGIN, END)
    return 0 if good else 1


CONTEXT: ForkServerContext = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(PRELOADED)

if __name__ == "__main__":
    sys.exit(main())
