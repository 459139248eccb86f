"""kill -9, hundreds of times, on SQLite and PostgreSQL: `make crash`, or from the repository's root

`python -m tests.crash [--times N] [--moments N] [--cycles N] [--verdicts N] [--messages N] [--write FILE]`.
Exit 1 when anything was lost, or came twice where it must not.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from billing.database import connect
from tests.crash.claims import Race, race
from tests.crash.cycles import Template, cycle_trials, verdicts_lost
from tests.crash.points import OUTBOX
from tests.crash.report import faults, races, table
from tests.crash.trials import Trial, outbox_trials
from tests.document import put
from tests.flows.mailbox import free_port
from tests.postgresql import server

BEGIN, END = "<!-- crash: begin -->", "<!-- crash: end -->"
WORKERS = 4


@contextmanager
def stores(directory: Path) -> Iterator[dict[str, str]]:
    """An empty store on each kind of database, by its name; PostgreSQL with its own durable settings."""
    with server(free_port()) as url:
        yield {"SQLite": f"sqlite:///{directory / 'store.db'}", "PostgreSQL": url}


def emptied(name: str, url: str, directory: Path) -> str:
    """The URL of another empty store on the same kind of database."""
    if name == "SQLite":
        return f"sqlite:///{directory / 'race.db'}"
    engine = connect(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE race"))
    engine.dispose()
    return url.rpartition("/")[0] + "/race"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=8, help="kills at each point of the outbox, with each sink")
    parser.add_argument("--cycles", type=int, default=2, help="kills at each point of a cycle")
    parser.add_argument("--moments", type=int, default=5, help="kills at any moment of a cycle")
    parser.add_argument("--verdicts", type=int, default=100, help="verdicts that are followed by a kill")
    parser.add_argument("--messages", type=int, default=10_000, help="messages that four workers race for")
    parser.add_argument("--write", type=Path, help="the document that the tables are put into")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="floodmark-crash-"))
    trials: list[Trial] = []
    found: list[tuple[str, Race]] = []
    answered = lost = 0
    with stores(directory) as urls:
        for name, url in urls.items():
            trials += outbox_trials(name, url, OUTBOX, options.times)
            print(f"{name}: {len(trials)} trials", file=sys.stderr, flush=True)
            template = Template.make(directory / name, url if name != "SQLite" else "")
            trials += cycle_trials(name, template, directory, options.cycles, options.moments)
            print(f"{name}: {len(trials)} trials", file=sys.stderr, flush=True)
            counts = verdicts_lost(template, directory / f"{name}-verdicts", options.verdicts)
            answered, lost = answered + counts[0], lost + counts[1]
            print(f"{name}: {counts[0]} verdicts, {counts[1]} lost", file=sys.stderr, flush=True)
            found.append((name, race(emptied(name, url, directory), WORKERS, options.messages)))
            print(f"{name}: {found[-1][1]}", file=sys.stderr, flush=True)
    shutil.rmtree(directory)
    trials.sort(key=lambda trial: trial.point not in OUTBOX)
    text_ = "\n".join(
        [
            *table(trials),
            "",
            f"Verdicts answered with success and killed right after: {answered}, lost: {lost}.",
            "",
            *races(found),
        ]
    )
    print(text_)
    if options.write:
        put(text_, options.write, BEGIN, END)
    wrong = [*faults(trials), *(f"{name}: {one}" for name, one in found if not one.clean)]
    if lost or answered != len(urls) * options.verdicts:
        wrong.append(f"{answered} verdicts answered, {lost} lost")
    print(*wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
