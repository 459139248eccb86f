"""The words that people write for a letter go out with it, as they were previewed, and never over other claims."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from alerts import journal, outbox, store, wording_store
from alerts.mail import compose
from alerts.ticket import Ticket
from alerts.wording import Draft
from billing.database import reading, transaction
from billing.errors import SettingsError
from billing.hours import HOUR
from flows import verdicts
from flows.letters import draft_of, letter_of, reword
from flows.tickets import deliver, settle_tickets
from flows.wiring import App, open_app
from tests.alerts.sinks.http_server import HttpServer, Reply
from tests.flows.command import Workspace
from tests.flows.mailbox import Mailbox
from tests.flows.storms import STORM, clock
from tests.flows.test_webhook_cycle import settings as webhook

KNOWN = STORM + 24 * HOUR  # the storm is over, and nobody has decided it
OPENS = STORM + 25 * HOUR
DESK = "partner-cs@vendor.example"
WORDS = "Dear partner desk,\n\nplease look at this one first: 모니터링 오류.\nIt was ours, and is mended."


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def raised(stored: Workspace) -> Workspace:
    """The ticket is a draft, to be opened by the cycle at OPENS."""
    stored.run(STORM + HOUR)
    stored.run(KNOWN)
    return stored


@contextmanager
def opened(workspace: Workspace, **env: str) -> Iterator[App]:
    app = open_app(workspace.path, {"FLOODMARK_WORKSPACE": str(workspace.path)} | workspace.env | env)
    yield app
    app.engine.dispose()


def the(app: App) -> Ticket:
    with reading(app.engine) as connection:
        [one] = store.tickets(connection)
    return one


def draft(app: App, at: datetime) -> Draft:
    with reading(app.engine) as connection:
        found = draft_of(app, connection, the(app).ticket_id, at)
    assert found
    return found


def write(app: App, words: str | None, at: datetime, who: str = "kim", version: str = "") -> None:
    reword(app, the(app).ticket_id, words, version or draft(app, at).version, who, at)


def preview(app: App, at: datetime, words: str | None = None) -> bytes:
    with reading(app.engine) as connection:
        letter = letter_of(app, connection, the(app).ticket_id, at, words)
    assert letter
    return compose(letter)


def plain(message: bytes) -> str:
    parsed = message_from_bytes(message, EmailMessage, policy=policy.default)
    body = parsed.get_body(("plain",))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


def moves(app: App) -> list[tuple[str, str]]:
    with reading(app.engine) as connection:
        assert journal.fault(journal.rows(connection), journal.end(connection)) == ""
        return [(one.who, one.why) for one in journal.of(connection, the(app).ticket_id)]


def change_stake(app: App, add: str) -> None:
    """The alert comes to another amount, as when late hours arrive."""
    with transaction(app.engine) as connection:
        [alert] = store.alerts(connection)
        more = [replace(stake, amount=stake.amount + Decimal(add)) for stake in alert.stakes]
        store.save_alerts(connection, [alert], [replace(alert, stakes=tuple(more))])


def test_the_cycle_sends_what_was_previewed_to_the_byte(raised: Workspace, mailbox: Mailbox) -> None:
    with opened(raised, **mailbox.settings) as app:
        write(app, WORDS, KNOWN)
        tried, shown = preview(app, OPENS, WORDS), preview(app, OPENS)
    raised.run(OPENS, **mailbox.settings)
    [message] = mailbox.to(DESK)
    sent = mailbox.raw[mailbox.messages.index(message)]
    assert sent.rstrip() == shown.rstrip() == tried.rstrip()
    assert WORDS in plain(sent) and "Please waive" not in plain(sent)
    before = raised.tables()
    raised.run(OPENS, **mailbox.settings)
    assert raised.tables() == before and len(mailbox.to(DESK)) == 1


def test_minutes_later_only_the_clock_is_another(raised: Workspace) -> None:
    def without_clock(message: bytes) -> list[object]:
        parsed = message_from_bytes(message, EmailMessage, policy=policy.default)
        found: list[object] = [(name, value) for name, value in parsed.items() if name not in ("Date", "Content-Type")]
        for part in parsed.walk():
            content = part.get_payload(decode=True)
            if part.get_content_type() == "application/json":
                content = {**json.loads(content), "known_at": ""}
            found.append((part.get_content_type(), part.get_filename(), content))
        return found

    with opened(raised) as app:
        write(app, WORDS, KNOWN)
        shown, later = preview(app, KNOWN), KNOWN + timedelta(minutes=40)
        verdicts.give(app, the(app).claims[0].alert_id, "confirm", "kim", "", later)
        settle_tickets(app, later)
        with reading(app.engine) as connection:
            sent = outbox.message(connection, f"{the(app).ticket_id}-1")
        assert sent and sent != shown and without_clock(sent) == without_clock(shown)


def test_words_over_other_claims_do_not_go_out_and_the_journal_says_so(raised: Workspace) -> None:
    with opened(raised) as app:
        was = draft(app, KNOWN)
        write(app, WORDS, KNOWN)
        change_stake(app, "111.11")
        now = draft(app, KNOWN)
        assert (now.words, now.edited) == (now.generated, None) and now.generated != was.generated
        assert now.dropped and (now.dropped.text, now.dropped.who) == (WORDS, "kim")
        settle_tickets(app, OPENS)
        deliver(app, OPENS, OPENS)
        with reading(app.engine) as connection:
            sent = plain(outbox.message(connection, f"{the(app).ticket_id}-1") or b"")
        assert now.generated in sent and "Dear partner desk" not in sent
        assert ("floodmark", "letter 1 goes out as generated: what kim wrote was written over other claims") in moves(
            app
        )


def test_taken_over_they_go_out_but_an_amount_that_was_is_refused(raised: Workspace) -> None:
    with opened(raised) as app:
        old = draft(app, KNOWN)
        write(app, "Thank you. " + old.generated, KNOWN)
        change_stake(app, "111.11")
        with pytest.raises(SettingsError) as refused:
            write(app, "Thank you. " + old.generated, KNOWN)
        assert "is no amount of this letter" in refused.value.faults[0].what
        write(app, "Thank you. " + draft(app, KNOWN).generated, KNOWN)
        assert draft(app, KNOWN).words.startswith("Thank you. Please")


def test_back_to_what_it_was_is_what_the_words_were_written_over(raised: Workspace) -> None:
    with opened(raised) as app:
        write(app, WORDS, KNOWN)
        change_stake(app, "5.00")
        change_stake(app, "-5.00")
        assert draft(app, KNOWN).words == WORDS


def test_the_second_of_two_is_told_and_nothing_is_lost(raised: Workspace) -> None:
    with opened(raised) as app:
        seen = draft(app, KNOWN).version
        write(app, "Of kim.", KNOWN, "kim", seen)
        write(app, "Of kim.", KNOWN, "kim", seen)
        with pytest.raises(SettingsError) as refused:
            write(app, "Of lee.", KNOWN, "lee", seen)
        assert "Somebody else" in refused.value.faults[0].what and draft(app, KNOWN).words == "Of kim."
        write(app, "Of lee.", KNOWN, "lee")
        assert [(one.who, one.text) for one in draft(app, KNOWN).written] == [("kim", "Of kim."), ("lee", "Of lee.")]
        assert [who for who, why in moves(app) if "words of letter 1 written, sha256" in why] == ["kim", "lee"]


def test_put_back_the_generated_words_go_out_and_the_next_letter_has_its_own(raised: Workspace) -> None:
    with opened(raised) as app:
        write(app, WORDS, KNOWN)
        write(app, None, KNOWN)
        assert draft(app, KNOWN).words == draft(app, KNOWN).generated and draft(app, KNOWN).dropped is None
        write(app, WORDS, KNOWN)
        settle_tickets(app, OPENS)
        with pytest.raises(SettingsError) as refused:
            write(app, "More.", OPENS)
        assert "No letter of it is to be written" in refused.value.faults[0].what
        change_stake(app, "900.00")
        later = OPENS + 25 * HOUR
        assert draft(app, later).words.startswith("Please waive") and "in our last letter" in draft(app, later).words
        assert draft(app, later).written == []
        write(app, "A correction.", later)
        shown = preview(app, later)
        settle_tickets(app, later)
        with reading(app.engine) as connection:
            assert outbox.message(connection, f"{the(app).ticket_id}-2") == shown
            first = plain(outbox.message(connection, f"{the(app).ticket_id}-1") or b"")
        assert "A correction." in plain(shown) and "Dear partner" not in plain(shown) and WORDS in first
        assert "What changed" in plain(shown)


def test_killed_in_the_servers_hands_the_same_words_come_again(raised: Workspace, mailbox: Mailbox) -> None:
    with opened(raised) as app:
        write(app, WORDS, KNOWN)
    process = raised.spawn("run", "--at", clock(OPENS), **mailbox.settings)
    mailbox.on_message = lambda: os.kill(process.pid, signal.SIGKILL)
    with process:
        process.communicate(timeout=120)
    mailbox.on_message = lambda: None
    raised.run(OPENS, **mailbox.settings)
    raised.run(OPENS + HOUR, **mailbox.settings)
    letters = [raw for raw, one in zip(mailbox.raw, mailbox.messages, strict=True) if DESK in one["To"]]
    assert len(letters) == 2 and letters[0] == letters[1] and WORDS in plain(letters[0])


def test_a_save_that_is_killed_is_there_or_not(raised: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with opened(raised) as app:
        before = raised.tables()
        with monkeypatch.context() as patch:
            patch.setattr(wording_store.journal, "append", broken)
            with pytest.raises(KeyboardInterrupt):
                write(app, WORDS, KNOWN)
        assert raised.tables() == before
        write(app, WORDS, KNOWN)
        assert draft(app, KNOWN).words == WORDS


def test_words_that_come_while_a_cycle_computes_are_in_its_letter(
    raised: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was computed without them is computed anew."""
    from flows import tickets

    usual: Callable[..., object] = tickets._compute
    with opened(raised) as app:

        def beside(*args: object) -> object:
            done = usual(*args)
            if draft(app, KNOWN).edited is None:
                write(app, WORDS, KNOWN)
            return done

        monkeypatch.setattr(tickets, "_compute", beside)
        settle_tickets(app, OPENS)
        with reading(app.engine) as connection:
            assert WORDS in plain(outbox.message(connection, f"{the(app).ticket_id}-1") or b"")


def test_a_webhook_gets_them_too(raised: Workspace) -> None:
    with opened(raised) as app:
        write(app, WORDS, KNOWN)
    with HttpServer(lambda _: Reply(204)) as receiver:
        raised.run(OPENS, **webhook(receiver))
        [asked] = receiver.asked
    assert WORDS in json.loads(asked.body)["data"]["text"]
