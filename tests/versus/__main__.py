"""The same crashes for Debian's prometheus-alertmanager and for Floodmark: `make versus-alertmanager`, or

`python -m tests.versus [--times N] [--write FILE]`. Needs `apt-get install prometheus-alertmanager`.
"""

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.crash.cycles import Template, verdicts_lost
from tests.crash.points import BEFORE_ANSWER, BEFORE_SEND
from tests.crash.trials import Trial, outbox_trials
from tests.document import put
from tests.flows.mailbox import Mailbox
from tests.versus.alertmanager import GROUP_WAIT, Alertmanager, version

BEGIN, END = "<!-- versus: begin -->", "<!-- versus: end -->"
ENOUGH = 3 * GROUP_WAIT  # seconds in which a notification comes, if it comes
SENT = "after the proof is committed"


@dataclass
class Hook:
    """A webhook's receiver: how often it was told; `victim` is killed while it is."""

    told: int = 0
    victims: list[Alertmanager] = field(default_factory=list)

    def tell(self) -> None:
        self.told += 1
        while self.victims:
            self.victims.pop().process.kill()


@contextmanager
def listening(hook: Hook) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            hook.tell()
            try:
                self.send_response(200)
                self.end_headers()
            except OSError:
                pass  # who told is dead

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass(frozen=True)
class Theirs:
    """What a number of trials with Alertmanager came to."""

    lost: int
    twice: int
    twice_politely: int
    in_hands: int
    in_hands_by_mail: int
    other_id: int
    silences_gone: int


def theirs(directory: Path, times: int) -> Theirs:
    hook, number = Hook(), 0
    with Mailbox() as mailbox, listening(hook) as web:

        def fresh(receiver: str = "webhook") -> Alertmanager:
            nonlocal number
            number += 1
            hook.told = 0
            mailbox.messages.clear()
            return Alertmanager(directory / f"am-{number}", receiver, web, mailbox.port)

        def came(count: int) -> bool:
            """Whether that many notifications come in time."""
            end = time.monotonic() + ENOUGH
            while time.monotonic() < end and hook.told + len(mailbox.messages) < count:
                time.sleep(0.05)
            return hook.told + len(mailbox.messages) >= count

        def lost() -> bool:
            one = fresh()
            one.alert()
            time.sleep(0.5)
            one.end()
            one.start()
            gone = not came(1)
            one.end()
            return gone

        def twice(how: signal.Signals) -> bool:
            one = fresh()
            one.alert()
            assert came(1)
            time.sleep(0.5)
            one.end(how)
            one.start()
            one.alert()
            again = came(2)
            one.end()
            return again

        def in_hands(receiver: str) -> bool:
            one = fresh(receiver)
            hook.victims = [one]
            mailbox.on_message = lambda: [victim.process.kill() for victim in hook.victims] and hook.victims.clear()
            one.alert()
            assert came(1)
            one.process.wait(30)
            one.start()
            one.alert()
            again = came(2)
            one.end()
            hook.victims = []
            return again

        def other_id() -> bool:
            return len({str(message["Message-ID"]) for message in mailbox.messages}) > 1

        def silence_gone() -> bool:
            one = fresh()
            name = one.silence()
            time.sleep(0.5)
            one.end()
            one.start()
            gone = not one.has_silence(name)
            one.end()
            return gone

        by_mail = [(in_hands("mail"), other_id()) for _ in range(times)]
        return Theirs(
            sum(lost() for _ in range(times)),
            sum(twice(signal.SIGKILL) for _ in range(times)),
            sum(twice(signal.SIGTERM) for _ in range(times)),
            sum(in_hands("webhook") for _ in range(times)),
            sum(again for again, _ in by_mail),
            sum(other for _, other in by_mail),
            sum(silence_gone() for _ in range(times)),
        )


def report(them: Theirs, trials: list[Trial], verdicts: tuple[int, int], times: int, name: str) -> str:
    def ours(point: str, sink: str) -> list[Trial]:
        found = [trial for trial in trials if (trial.point, trial.sink) == (point, sink)]
        assert len(found) == times and all(trial.died for trial in found)
        return found

    of = f"of {times}"
    early, sent = ours(BEFORE_SEND, "zendesk"), ours(SENT, "zendesk")
    held, mailed = ours(BEFORE_ANSWER, "zendesk"), ours(BEFORE_ANSWER, "smtp")
    rows = [
        ("accepted, killed before it was sent", f"lost {them.lost} {of}", f"lost {sum(t.lost for t in early)} {of}"),
        ("sent, killed, reported again", f"twice {them.twice} {of}", f"twice {sum(t.twice for t in sent)} {of}"),
        ("sent, stopped with SIGTERM, reported again", f"twice {them.twice_politely} {of}", "as above"),
        (
            "killed while a webhook's receiver or a ticket desk has it in its hands, reported again",
            f"twice {them.in_hands} {of}, with nothing to tell a repeat by",
            f"twice {sum(t.twice for t in held)} {of}: the desk knows the key",
        ),
        (
            "killed while a mail server has it in its hands, reported again",
            f"twice {them.in_hands_by_mail} {of}, {them.other_id} under another Message-ID",
            f"twice {sum(t.twice for t in mailed)} {of}, none under another Message-ID, "
            f"{sum(t.flagged for t in mailed)} flagged",
        ),
        (
            "a silence, or a verdict, answered with success, then killed",
            f"gone {them.silences_gone} {of}",
            f"gone {verdicts[1]} of {verdicts[0]}",
        ),
    ]
    head = [f"| what happens | Alertmanager {name} | Floodmark |", "|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="trials of each kind")
    parser.add_argument("--write", type=Path, help="the document that the table is put into")
    options = parser.parse_args()
    name = version()
    if name is None:
        print("apt-get install prometheus-alertmanager", file=sys.stderr)
        return 1
    directory = Path(tempfile.mkdtemp(prefix="floodmark-versus-"))
    url = f"sqlite:///{directory / 'store.db'}"
    trials = list(outbox_trials("SQLite", url, (BEFORE_SEND, BEFORE_ANSWER, SENT), options.times, ("smtp", "zendesk")))
    verdicts = verdicts_lost(Template.make(directory / "template", ""), directory / "verdicts", options.times)
    table = report(theirs(directory, options.times), trials, verdicts, options.times, name)
    print(table)
    if options.write:
        put(table, options.write, BEGIN, END)
    return 0


if __name__ == "__main__":
    sys.exit(main())
