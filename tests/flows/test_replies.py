"""`floodmark run` with a mailbox: replies prove contact, bounces take it back, strangers change nothing."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.alerts.mailbox.desk_mails import DESK, reply, report
from tests.alerts.mailbox.imap_server import ImapServer
from tests.alerts.mailbox.test_mailboxes import url
from tests.flows.command import Workspace
from tests.flows.mailbox import Mailbox
from tests.flows.storms import STORM, at, clock

HOUR = timedelta(hours=1)
OPENS = STORM + 25 * HOUR
US = "claims@reseller.example"


@pytest.fixture
def server() -> Iterator[Mailbox]:
    with Mailbox() as server:
        yield server


class Thread:
    """A workspace whose ticket was sent, the mail server that took it, and a Maildir to answer into."""

    def __init__(self, workspace: Workspace, server: Mailbox) -> None:
        self.workspace, self.server = workspace, server
        self.env = {**server.settings, "FLOODMARK_MAIL__SENDER": US, "FLOODMARK_MAILBOX__URL": "maildir:mail"}
        for folder in ("new", "cur", "tmp"):
            (workspace.path / "mail" / folder).mkdir(parents=True)
        workspace.run(STORM + HOUR)
        workspace.run(STORM + 12 * HOUR)
        self.run(OPENS)
        [self.letter] = server.to(DESK)
        self.now = OPENS

    def run(self, moment: datetime, code: int = 0) -> Any:
        done = self.workspace.call("run", "--at", clock(moment), **self.env)
        assert done.code == code, done.err
        return done

    def get(self, mail: bytes, code: int = 0) -> Any:
        """The mail arrives, and an hour later a cycle runs."""
        folder = self.workspace.path / "mail/new"
        (folder / f"mail-{len([*folder.iterdir()])}").write_bytes(mail)
        self.now += HOUR
        return self.run(self.now, code)

    @property
    def ticket(self) -> Any:
        [one] = self.workspace.tickets()
        return one

    @property
    def id(self) -> str:
        return str(self.letter["Message-ID"])

    def moves(self) -> list[tuple[str, str]]:
        rows = self.workspace.well("journal", "--json", "--verify").json["rows"]
        return [(row["was"], row["now"]) for row in rows if row["subject"] == self.ticket["ticket_id"]]


@pytest.fixture
def thread(stormy: Workspace, server: Mailbox) -> Thread:
    return Thread(stormy, server)


def test_a_letter_asks_for_replies_at_an_address_of_its_ticket(thread: Thread) -> None:
    assert thread.letter["Reply-To"] == f"claims+{thread.ticket['ticket_id']}@reseller.example"
    assert (thread.ticket["state"], thread.ticket["contact_proven"]) == ("sent", False)


@pytest.mark.parametrize(("headers", "what"), [({}, "replied"), ({"Auto_Submitted": "auto-replied"}, "auto-replied")])
def test_a_reply_acknowledges_and_proves_contact_and_grants_nothing(
    thread: Thread, headers: dict[str, str], what: str
) -> None:
    mail = reply(str(thread.letter["Reply-To"]), thread.id, **headers)
    assert "1 mails read (1 about a ticket)" in thread.get(mail).out.replace("\n", " ")
    ticket = thread.ticket
    assert (ticket["state"], ticket["granted"]) == ("acknowledged", [])
    assert (ticket["contact_proven"], ticket["contact_proof"]) == (True, f"{what} (mail from {DESK})")
    [answer] = ticket["answers"]
    assert (answer["what"], answer["at"]) == (what, clock(thread.now))
    [proof] = answer["proofs"]
    assert (thread.workspace.path / proof["path"]).read_bytes() == mail
    assert thread.moves()[-2:] == [("open", "sent"), ("sent", "acknowledged")]
    before = thread.workspace.tables()
    thread.run(thread.now)
    assert thread.workspace.tables() == before, "a mail is handled once"
    assert len([*(thread.workspace.path / "mail/new").iterdir()]) == 1, "and left where it is"


def test_the_same_mail_in_another_place_is_not_handled_again(thread: Thread) -> None:
    mail = reply(answers=thread.id)
    thread.get(mail)
    thread.get(mail)
    assert len(thread.ticket["answers"]) == 1


def test_a_reply_does_not_undo_what_a_person_answered(thread: Thread) -> None:
    thread.workspace.well("ticket", thread.ticket["ticket_id"], "refused", "--note", "no", "--at", clock(OPENS + HOUR))
    thread.get(reply(answers=thread.id))
    assert thread.ticket["state"] == "refused"
    assert [answer["what"] for answer in thread.ticket["answers"]] == ["refused", "replied"]


def test_a_bounce_opens_the_ticket_again_and_a_person_is_told(thread: Thread) -> None:
    thread.env["FLOODMARK_MAIL__REVIEWERS"] = "eve@reseller.example"
    done = thread.get(report(thread.id), code=3)
    ticket = thread.ticket
    assert ticket["ticket_id"] in done.err and "550 5.1.1 no such user" in done.err
    [delivery] = ticket["deliveries"]
    assert (ticket["state"], delivery["state"], ticket["contact_proven"]) == ("open", "failed", False)
    assert "550 5.1.1 no such user" in delivery["error"]
    told = [mail for mail in thread.server.to("eve@reseller.example") if "Not delivered" in mail["Subject"]]
    assert len(told) == 1
    assert ticket["ticket_id"] in told[0].get_body().get_content()  # type: ignore[union-attr]
    assert thread.moves()[-2:] == [("open", "sent"), ("sent", "open")]
    thread.get(report(thread.id, diagnostic="again"))
    assert len(thread.moves()) == 4, "it bounces once"
    thread.run(at("12-01 12"))
    assert thread.ticket["state"] == "expired", "nobody was reached"


def test_a_bounce_that_overtakes_its_letter_waits_for_it(thread: Thread) -> None:
    engine = create_engine(f"sqlite:///{thread.workspace.path / 'floodmark.db'}")
    for state, now in (("sending", "sent"), ("sent", "open")):
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE deliveries SET state = '{state}' WHERE purpose = 'ticket'"))
            connection.execute(text("UPDATE deliveries SET leased_until = '2099-01-01', leased_by = 'another:1'"))
        if state == "sending":
            thread.get(report(thread.id))
        else:
            thread.run(thread.now + HOUR, code=3)
        assert thread.ticket["state"] == now
    engine.dispose()


def test_one_mail_that_cannot_be_kept_holds_up_no_other(thread: Thread) -> None:
    proofs = thread.workspace.path / "proofs"
    proofs.write_text("in the way")
    (thread.workspace.path / "mail/new/mail-0").write_bytes(reply(answers=thread.id))
    (thread.workspace.path / "mail/new/mail-1").write_bytes(report(thread.id))
    done = thread.run(OPENS + HOUR, code=3)
    assert "cannot keep the proof" in done.err and "550 5.1.1" in done.err
    assert thread.ticket["state"] == "open"
    proofs.unlink()
    thread.run(OPENS + 2 * HOUR)
    assert thread.ticket["state"] == "acknowledged"


def test_a_delay_changes_nothing_and_an_arrival_proves_contact(thread: Thread) -> None:
    thread.get(report(thread.id, "delayed"))
    assert (thread.ticket["state"], thread.ticket["contact_proven"]) == ("sent", False)
    thread.get(report(thread.id, "delivered"))
    assert (thread.ticket["state"], thread.ticket["contact_proven"]) == ("sent", True)


def strangers(thread: Thread) -> list[bytes]:
    ticket_id = thread.ticket["ticket_id"]
    return [
        reply(),
        reply("claims+tk_ffffffffffff@reseller.example", "<0000@reseller.example>"),
        reply(answers=thread.id, sender="kim@reseller.example"),
        reply(answers=thread.id, sender=US),
        reply(answers=thread.id, sender="lee@reseller.example", Auto_Submitted="auto-replied"),
        report("<ffff@reseller.example>"),
        report(thread.id, reader="somebody@else.example"),
        report(thread.id).replace(thread.id.encode(), b"<>"),
        b"From: \xff\r\nContent-Type: multipart/report; report-type=delivery-status\r\n\r\n" + ticket_id.encode(),
        b"Subject: " + b"x" * 1_000_000,
        b"",
    ]


def test_mails_of_strangers_and_of_ourselves_change_nothing(thread: Thread) -> None:
    before = thread.ticket
    for n, mail in enumerate(strangers(thread)):
        (thread.workspace.path / "mail/new" / f"stranger-{n}").write_bytes(mail)
    done = thread.run(OPENS + HOUR)
    assert "11 mails read (0 about a ticket)" in done.out.replace("\n", " ")
    assert thread.ticket == before
    assert not (thread.workspace.path / "proofs").exists()


def test_a_reviewer_who_is_away_from_the_notice_of_a_bounce_acknowledges_nothing(thread: Thread) -> None:
    """The notice names the ticket in its subject, and so does what an absent reviewer's mailbox says to it."""
    thread.env["FLOODMARK_MAIL__REVIEWERS"] = "Eve@away.example"
    thread.get(report(thread.id), code=3)
    [notice] = [mail for mail in thread.server.to("Eve@away.example") if "Not delivered" in mail["Subject"]]
    away = reply(sender="eve@away.example", subject=f"Away: {notice['Subject']}", Auto_Submitted="auto-replied")
    thread.get(away)
    assert (thread.ticket["state"], thread.ticket["contact_proven"]) == ("open", False)


def test_nobody_answers_a_letter_that_never_left(stormy: Workspace, server: Mailbox) -> None:
    """Whoever knows a customer can compute the ids of its tickets."""
    env = {**server.settings, "FLOODMARK_MAIL__SENDER": US, "FLOODMARK_MAILBOX__URL": "maildir:mail"}
    for folder in ("new", "cur"):
        (stormy.path / "mail" / folder).mkdir(parents=True)
    workspace = Workspace(stormy.path, env)
    workspace.run(STORM + HOUR)
    workspace.run(STORM + 12 * HOUR)
    server.refusal = "451 later"
    assert workspace.call("run", "--at", clock(OPENS)).code == 3
    [ticket] = workspace.tickets()
    (stormy.path / "mail/new/forged").write_bytes(reply(f"claims+{ticket['ticket_id']}@reseller.example"))
    done = workspace.call("run", "--at", clock(OPENS + HOUR))
    assert "no letter of it has left: it changes nothing" in done.err
    assert workspace.tickets()[0]["state"] == "open"
    server.refusal = ""
    assert "answers it" not in workspace.run(OPENS + 3 * HOUR).err, "a person is told once"
    assert workspace.tickets()[0]["state"] == "sent"


def test_a_slow_mailbox_does_not_keep_the_tickets_waiting(thread: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import replies

    monkeypatch.setattr(replies, "LONGEST", 0.0)
    for n in range(3):
        (thread.workspace.path / f"mail/new/mail-{n}").write_bytes(reply(subject=str(n)))
    for n in (1, 2, 3):
        done = thread.run(OPENS + n * HOUR, code=3)
        assert "1 mails read" in done.out and "the mailbox is slow" in done.err
    assert "mails read" not in thread.run(OPENS + 4 * HOUR).out, "they were read, one after the other"


def test_a_mail_servers_complaint_in_words_is_for_a_person(thread: Thread) -> None:
    done = thread.get(reply(answers=thread.id, sender="mailer-daemon@x.example", subject="Undelivered"), code=3)
    assert "complains" in done.err and thread.ticket["state"] == "sent"


def test_a_mailbox_that_fails_stops_nothing_and_is_told(thread: Thread) -> None:
    thread.env["FLOODMARK_MAILBOX__URL"] = "maildir:nowhere"
    done = thread.run(at("12-01 12"), code=3)
    assert "nowhere" in done.err and "cannot be read" in done.err
    assert json.loads(thread.workspace.well("alerts", "--json").out)


def test_replies_come_by_imap(stored: Workspace, server: Mailbox) -> None:
    thread = Thread(stored, server)
    with ImapServer() as imap:
        thread.env["FLOODMARK_MAILBOX__URL"] = url(imap)
        imap.mails = {5: reply(answers=thread.id), 6: reply()}
        thread.run(OPENS + HOUR)
        assert thread.ticket["state"] == "acknowledged"
        thread.run(OPENS + 2 * HOUR)
        assert sum("FETCH" in command for command in imap.commands) == 2, "each mail is fetched once"
    assert Path(thread.ticket["answers"][0]["proofs"][0]["path"]).suffix == ".eml"


@pytest.mark.parametrize(
    ("env", "code", "what"),
    [
        ({"URL": "maildir:nowhere"}, 3, "mailbox.url: the mailbox"),
        ({"URL": "imap://user:s3cret@mail.example/INBOX"}, 2, "imap:// sends the password unencrypted"),
        ({"URL": "s3cret"}, 2, "a mailbox is written maildir:PATH or imaps://"),
        ({"FOLDER": "x"}, 2, "unknown key"),
    ],
)
def test_check_names_what_is_wrong_with_the_mailbox_and_no_password(
    stormy: Workspace, env: dict[str, str], code: int, what: str
) -> None:
    done = stormy.call("check", **{f"FLOODMARK_MAILBOX__{name}": value for name, value in env.items()})
    assert done.code == code
    assert what in " ".join(done.err.split())
    assert "s3cret" not in done.err + done.out


def test_a_sender_that_is_too_long_for_plus_addresses_is_refused(stormy: Workspace) -> None:
    sender = {"FLOODMARK_MAIL__SENDER": f"{'c' * 60}@reseller.example"}
    assert stormy.call("check", **sender).code == 0
    done = stormy.call("check", **sender, FLOODMARK_MAILBOX__URL="maildir:mail")
    assert (done.code, "too long to take replies" in done.err) == (2, True)
