"""The outbox on both databases: each message once, whoever sends it and whoever dies on the way."""

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update

from alerts import outbox, store
from alerts.claims import LEASE
from alerts.mail import Letter, compose, message_id
from alerts.outbox import Delivery, Drained, drain
from alerts.sinks.parcel import Parcel, Receipt
from alerts.tables import deliveries
from alerts.ticket import Ticket
from billing.database import connect, transaction
from billing.errors import WorldError
from billing.hours import DAY, HOUR, Month

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 27, 12, 34, tzinfo=UTC)  # the present time, which is not the cycle's
SECOND = timedelta(seconds=1)
DESK = ("desk@vendor.example",)
TICKET = Ticket("tk_1", "partner", "customer", Month(2026, 11), "usage", "open", opened_at=AT)


class Receiver:
    """A receiver that does as it is told with each key, and keeps what it was handed."""

    def __init__(self, act: Callable[[str], Receipt | None] = lambda _: None) -> None:
        self.act = act
        self.keys: list[str] = []
        self.messages: list[tuple[tuple[str, ...], bytes]] = []

    def send(self, parcel: Parcel) -> Receipt:
        receipt = self.act(parcel.key)
        self.keys.append(parcel.key)
        self.messages.append((parcel.to, parcel.message))
        return receipt or Receipt("sent", f"250 {parcel.key}")


class Journal:
    """A receiver that several processes share: a line a message. `dies`: killed with the message in its hands."""

    def __init__(self, path: Path, dies: bool = False) -> None:
        self.path, self.dies = path, dies

    def send(self, parcel: Parcel) -> Receipt:
        with self.path.open("a") as file:
            file.write(f"{parcel.key}\n")
        if self.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return Receipt("sent", f"250 {parcel.key}")


def refuse(permanent: bool) -> Callable[[str], Receipt | None]:
    def act(_: str) -> Receipt | None:
        raise WorldError("550 no such desk" if permanent else "451 come back later", permanent=permanent)

    return act


def letter(key: str) -> Letter:
    sender = "Floodmark <claims@reseller.example>"
    return Letter(sender, DESK, f"Claim {key}", f"Dear desk, {key}\n", message_id(key, sender), AT)


def owe(engine: Engine, *keys: str, sink: str = "smtp", due: datetime = AT, **more: Any) -> None:
    with transaction(engine) as connection:
        for key in keys:
            outbox.owe(connection, letter(key), key, "ticket", sink, due, **more)


def owe_for_ticket(engine: Engine, ticket: Ticket, **more: Any) -> None:
    with transaction(engine) as connection:
        store.save_tickets(connection, [], [ticket])
    owe(engine, f"{ticket.ticket_id}-1", ticket_id=ticket.ticket_id, **more)


def everything(engine: Engine) -> list[Delivery]:
    with transaction(engine) as connection:
        return outbox.all_deliveries(connection)


def only(engine: Engine) -> Delivery:
    (found,) = everything(engine)
    return found


def ticket_state(engine: Engine) -> str:
    with transaction(engine) as connection:
        (found,) = store.tickets(connection, [TICKET.month])
    return found.state


def drain_in_process(url: str, journal: Path, dies: bool) -> None:
    engine = connect(url)
    drain(engine, {"smtp": Journal(journal, dies)}, AT, NOW)
    engine.dispose()


def exit_codes(senders: int, url: str, journal: Path, dies: bool = False) -> list[int | None]:
    """Of that many processes that drain the outbox at once."""
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=drain_in_process, args=(url, journal, dies)) for _ in range(senders)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def test_four_senders_deliver_each_of_300_messages_once(database: str, engine: Engine, tmp_path: Path) -> None:
    keys = [f"tk_{n:03}-1" for n in range(300)]
    owe(engine, *keys)
    assert exit_codes(4, database, tmp_path / "journal") == [0, 0, 0, 0]
    assert sorted((tmp_path / "journal").read_text().split()) == keys
    assert Counter((one.state, one.attempts) for one in everything(engine)) == {("sent", 1): 300}


def test_a_sender_of_this_machine_that_was_killed_is_replaced_at_once(
    database: str, engine: Engine, tmp_path: Path
) -> None:
    owe(engine, "tk_1-1")
    assert exit_codes(1, database, tmp_path / "journal", dies=True) == [-signal.SIGKILL]
    assert (tmp_path / "journal").read_text() == "tk_1-1\n", "it had the message in its hands"
    assert (only(engine).state, only(engine).attempts) == ("sending", 1)
    desk = Receiver()
    assert drain(engine, {"smtp": desk}, AT, NOW).delivered == 1
    assert (only(engine).state, only(engine).attempts, desk.keys) == ("sent", 2, ["tk_1-1"])


@pytest.mark.parametrize("sender", ["elsewhere:1", None])
def test_a_sender_that_nobody_can_ask_is_replaced_after_its_lease_and_not_before(
    engine: Engine, sender: str | None
) -> None:
    owe(engine, "tk_1-1")
    held = {"state": "sending", "attempts": 1, "leased_until": NOW + LEASE, "leased_by": sender}
    with engine.begin() as connection:
        connection.execute(update(deliveries).values(held))
    desk = Receiver()
    for now in (NOW, NOW + LEASE - SECOND):
        assert drain(engine, {"smtp": desk}, AT + HOUR, now) == Drained(0, ())
    assert drain(engine, {"smtp": desk}, AT, NOW + LEASE + SECOND).delivered == 1
    assert (only(engine).state, only(engine).attempts, desk.keys) == ("sent", 2, ["tk_1-1"])


def test_the_attempt_is_recorded_before_the_act_and_the_proof_after(engine: Engine) -> None:
    seen: list[Delivery] = []
    owe(engine, "tk_1-1")
    desk = Receiver(lambda _: seen.append(only(engine)))
    assert drain(engine, {"smtp": desk}, AT, NOW) == Drained(1, ())
    assert [(one.state, one.attempts, one.proof, one.sent_at) for one in seen] == [("sending", 1, None, None)]
    after = only(engine)
    assert (after.state, after.attempts, after.proof, after.sent_at) == ("sent", 1, "250 tk_1-1", AT)
    assert (desk.keys, desk.messages) == (["tk_1-1"], [(DESK, compose(letter("tk_1-1")))])
    assert drain(engine, {"smtp": desk}, AT + HOUR, NOW + HOUR) == Drained(0, ())


def test_a_transient_error_is_due_again_after_a_while(engine: Engine) -> None:
    owe(engine, "tk_1-1", "tk_2-1")
    for attempt in (1, 2):
        at = AT + attempt * HOUR
        drained = drain(engine, {"smtp": Receiver(refuse(permanent=False))}, at, NOW)
        assert drain(engine, {"smtp": Receiver()}, at, NOW) == Drained(0, ()), "not in the same breath"
        assert drained == Drained(0, ("Claim tk_1-1: 451 come back later", "Claim tk_2-1: 451 come back later"))
        assert {(one.state, one.attempts, one.error) for one in everything(engine)} == {
            ("due", attempt, "451 come back later")
        }
    assert drain(engine, {"smtp": Receiver()}, AT + 3 * HOUR, NOW).delivered == 2
    assert {(one.state, one.attempts, one.error) for one in everything(engine)} == {("sent", 3, None)}


def test_a_permanent_error_is_shown_and_not_tried_again(engine: Engine) -> None:
    owe_for_ticket(engine, TICKET)
    assert drain(engine, {"smtp": Receiver(refuse(permanent=True))}, AT, NOW).failures
    desk = Receiver()
    assert drain(engine, {"smtp": desk}, AT + HOUR, NOW + HOUR) == Drained(0, ())
    failed = only(engine)
    assert (failed.state, failed.error, failed.sent_at, desk.keys) == ("failed", "550 no such desk", None, [])
    assert ticket_state(engine) == "open"


def test_one_failure_does_not_hold_up_the_others(engine: Engine) -> None:
    owe(engine, "tk_1-1", sink="zendesk")
    owe(engine, "tk_2-1")
    drained = drain(engine, {"smtp": Receiver()}, AT, NOW)
    assert drained.delivered == 1
    assert [(one.key, one.state) for one in everything(engine)] == [("tk_1-1", "due"), ("tk_2-1", "sent")]
    assert "'zendesk' is not set up" in drained.failures[0]


def test_what_has_expired_is_never_sent(engine: Engine) -> None:
    owe_for_ticket(engine, TICKET, expires_at=AT + HOUR)
    assert drain(engine, {"smtp": Receiver(refuse(permanent=False))}, AT + HOUR - SECOND, NOW).failures
    desk = Receiver()
    (failure,) = drain(engine, {"smtp": desk}, AT + HOUR, NOW).failures
    assert "month had ended" in failure
    assert (only(engine).state, desk.keys) == ("failed", [])
    assert drain(engine, {"smtp": desk}, AT, NOW) == Drained(0, ())


def test_the_oldest_goes_first_and_nothing_before_it_is_due(engine: Engine) -> None:
    owe(engine, "b", due=AT - HOUR)
    owe(engine, "d", "c")
    owe(engine, "a", due=AT + HOUR)
    desk = Receiver()
    drain(engine, {"smtp": desk}, AT, NOW)
    assert desk.keys == ["b", "c", "d"]
    drain(engine, {"smtp": desk}, AT + HOUR, NOW)
    assert desk.keys == ["b", "c", "d", "a"]


@pytest.mark.parametrize(
    ("state", "receipt", "then"),
    [
        ("open", Receipt("sent", "250 ok"), "sent"),
        ("open", Receipt("written", "outbox/1.eml"), "open"),
        ("withdrawn", Receipt("sent", "250 ok"), "withdrawn"),
    ],
)
def test_a_ticket_whose_letter_was_sent_is_sent(memory: Engine, state: str, receipt: Receipt, then: str) -> None:
    owe_for_ticket(memory, replace(TICKET, state=state))
    drain(memory, {"smtp": Receiver(lambda _: receipt)}, AT, NOW)
    assert (ticket_state(memory), only(memory).state, only(memory).proof) == (then, receipt.state, receipt.proof)
    assert only(memory).sent_at == (AT if receipt.state == "sent" else None)


def test_the_same_key_owed_twice_is_one_and_stays_as_it_was(engine: Engine) -> None:
    owe(engine, "tk_1-1", "tk_1-1")
    desk = Receiver()
    drain(engine, {"smtp": desk}, AT, NOW)
    with transaction(engine) as connection:
        outbox.owe(connection, replace(letter("tk_1-1"), text="Other words\n"), "tk_1-1", "ticket", "smtp", AT)
        assert outbox.message(connection, "tk_1-1") == compose(letter("tk_1-1"))
        assert outbox.message(connection, "tk_1-2") is None
    drain(engine, {"smtp": desk}, AT + HOUR, NOW + HOUR)
    assert (desk.keys, only(engine).state) == (["tk_1-1"], "sent")


def test_a_slow_sender_does_not_undo_what_another_did_when_its_lease_ran_out(engine: Engine) -> None:
    owe(engine, "tk_1-1")
    other = Receiver()

    def slow(_: str) -> Receipt | None:
        drain(engine, {"smtp": other}, AT, NOW + LEASE + SECOND)
        raise WorldError("timed out")

    drain(engine, {"smtp": Receiver(slow)}, AT, NOW)
    drain(engine, {"smtp": other}, AT + HOUR, NOW + HOUR)
    assert (only(engine).state, other.keys) == ("sent", ["tk_1-1"])


def test_a_ticket_that_is_sent_while_a_cycle_is_at_work_stays_sent(engine: Engine) -> None:
    owe_for_ticket(engine, TICKET)
    sender = threading.Thread(target=drain, args=(engine, {"smtp": Receiver()}, AT, NOW))
    with transaction(engine) as connection:
        store.lock_cycle(connection)
        before = store.tickets(connection, [TICKET.month])
        sender.start()
        sender.join(1)
        store.save_tickets(connection, before, [replace(one, letters=2) for one in before])
    sender.join(30)
    assert (only(engine).state, ticket_state(engine)) == ("sent", "sent")


def abandon(engine: Engine, seconds: int = 0) -> None:
    """A sender of another machine has the message, and will not be heard of again."""
    held = {"state": "sending", "leased_until": NOW + seconds * SECOND, "leased_by": "elsewhere:1"}
    with engine.begin() as connection:
        connection.execute(update(deliveries).values({**held, "attempts": deliveries.c.attempts + 1}))


def test_a_letter_whose_sender_died_is_sent_once_more_at_most_and_says_so(engine: Engine) -> None:
    owe(engine, "tk_1-1")
    desk = Receiver()
    abandon(engine)
    assert not only(engine).maybe_twice
    assert drain(engine, {"smtp": desk}, AT, NOW + SECOND).delivered == 1
    assert (only(engine).state, only(engine).maybe_twice) == ("sent", True)
    abandon(engine)
    (failure,) = drain(engine, {"smtp": desk}, AT, NOW + SECOND).failures
    assert "may have arrived" in failure
    assert (only(engine).state, only(engine).maybe_twice, desk.keys) == ("failed", True, ["tk_1-1"])


def test_to_a_receiver_that_knows_the_key_it_is_sent_again_as_often_as_it_takes(engine: Engine) -> None:
    owe(engine, "tk_1-1", sink="zendesk")
    for _ in range(5):
        abandon(engine)
    desk = Receiver()
    assert drain(engine, {"zendesk": desk}, AT, NOW + SECOND).delivered == 1
    assert (only(engine).state, only(engine).attempts, only(engine).maybe_twice) == ("sent", 6, False)


def test_a_server_that_falls_silent_with_the_letter_in_its_hands_gets_it_once_more(engine: Engine) -> None:
    def silent(_: str) -> Receipt | None:
        raise WorldError("silence", unsure=True)

    owe(engine, "tk_1-1")
    drain(engine, {"smtp": Receiver(silent)}, AT, NOW)
    assert (only(engine).state, only(engine).maybe_twice) == ("due", True)
    drain(engine, {"smtp": Receiver(refuse(permanent=False))}, AT + HOUR, NOW)
    assert only(engine).state == "due", "who refuses it has not got it"
    drain(engine, {"smtp": Receiver(silent)}, AT + 2 * HOUR, NOW)
    assert only(engine).state == "failed"


def test_what_failed_is_tried_again_when_a_person_asks(engine: Engine) -> None:
    owe(engine, "tk_1-1")
    drain(engine, {"smtp": Receiver(refuse(permanent=True))}, AT, NOW)
    with transaction(engine) as connection:
        assert outbox.retry(connection, "tk_1-1", AT + HOUR)
        assert not outbox.retry(connection, "tk_1-1", AT + HOUR), "it is due already"
        assert not outbox.retry(connection, "tk_1-2", AT + HOUR)
    assert drain(engine, {"smtp": Receiver()}, AT + HOUR, NOW).delivered == 1
    assert (only(engine).state, only(engine).error) == ("sent", None)


def test_a_receiver_that_asks_for_patience_gets_it(engine: Engine) -> None:
    def busy(_: str) -> Receipt | None:
        raise WorldError("429", wait=3 * HOUR)

    owe(engine, "tk_1-1", sink="zendesk")
    drain(engine, {"zendesk": Receiver(busy)}, AT, NOW)
    assert only(engine).due_at == AT + 3 * HOUR


def test_a_message_of_no_ticket_is_of_no_thread(engine: Engine) -> None:
    """Another message of no ticket has a name at the receiver: it is no part of that."""
    threads: list[str] = []

    class Desk:
        def send(self, parcel: Parcel) -> Receipt:
            threads.append(parcel.thread)
            return Receipt("sent", "201", "100")

    owe(engine, "digest-1", "digest-2")
    assert drain(engine, {"smtp": Desk()}, AT, NOW).delivered == 2
    assert threads == ["", ""]


def test_how_long_ago_it_was_tried_is_by_the_present_time(engine: Engine) -> None:
    """Two late cycles, an hour apart by their clocks, run within seconds: a desk's search shows nothing new yet."""
    tried: list[timedelta | None] = []

    class Desk:
        def send(self, parcel: Parcel) -> Receipt:
            tried.append(parcel.tried)
            raise WorldError("no answer")

    owe(engine, "tk_1-1", sink="jsm")
    for hours, seconds in ((0, 0), (1, 5), (2, 3600)):
        drain(engine, {"jsm": Desk()}, AT + hours * HOUR, NOW + seconds * SECOND)
    assert tried[0] is None
    assert [round(ago / SECOND) for ago in tried[1:] if ago] == [5, 3595]


class Slow:
    """A receiver that takes its time: the clock of the outbox moves on by `seconds`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float, error: bool) -> None:
        self.keys: list[str] = []
        self.seconds, self.error, self.clock = seconds, error, 0.0
        monkeypatch.setattr(outbox.time, "monotonic", lambda: self.clock)

    def send(self, parcel: Parcel) -> Receipt:
        self.keys.append(parcel.key)
        self.clock += self.seconds
        if self.error:
            raise WorldError("no answer in 15 seconds")
        return Receipt("sent", "201")


def test_a_receiver_that_does_not_answer_holds_up_no_other(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    owe(engine, *(f"tk_{n}-1" for n in range(100)), sink="zendesk")
    owe(engine, "audit-1", due=AT + SECOND)
    silent, mail = Slow(monkeypatch, 15, error=True), Receiver()
    drained = drain(engine, {"zendesk": silent, "smtp": mail}, AT + SECOND, NOW)
    assert (len(silent.keys), mail.keys) == (outbox.PATIENCE, ["audit-1"])
    assert "zendesk does not answer: its other messages wait for the next cycle" in drained.failures
    assert {(one.state, one.attempts) for one in everything(engine)} == {("due", 0), ("due", 1), ("sent", 1)}
    drain(engine, {"zendesk": silent}, AT + 2 * SECOND, NOW)
    assert len(set(silent.keys)) == 2 * outbox.PATIENCE, "those that wait come first"


def test_who_fails_at_once_or_takes_long_for_what_he_takes_is_not_silent(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seconds, error in ((1, True), (20, False)):
        owe(engine, *(f"tk_{seconds}-{n}" for n in range(10)))
        slow = Slow(monkeypatch, seconds, error)
        drain(engine, {"smtp": slow}, AT, NOW)
        assert len(slow.keys) == 10


def test_a_drain_ends_however_much_is_owed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    owe(engine, *(f"tk_{n:02}-1" for n in range(40)))
    slow = Slow(monkeypatch, 60, error=False)
    drained = drain(engine, {"smtp": slow}, AT, NOW)
    assert (drained.delivered, len(slow.keys)) == (15, 15)
    assert "took longer than 0:15:00: the rest waits" in drained.failures[-1]
    drain(engine, {"smtp": slow}, AT, NOW)
    drain(engine, {"smtp": slow}, AT, NOW)
    assert sorted(slow.keys) == [f"tk_{n:02}-1" for n in range(40)]


def test_the_desk_hears_of_a_ticket_in_order(engine: Engine) -> None:
    def first_waits(key: str) -> Receipt | None:
        if key == "tk_1-9":
            raise WorldError("429", wait=3 * HOUR)
        return None

    with transaction(engine) as connection:
        store.save_tickets(connection, [], [TICKET, replace(TICKET, ticket_id="tk_2", customer_id="other")])
    owe(engine, "tk_1-9", "tk_1-10", ticket_id="tk_1", expires_at=AT + DAY)
    owe(engine, "tk_2-1", ticket_id="tk_2", expires_at=AT + DAY)
    desk = Receiver(first_waits)
    drain(engine, {"smtp": desk}, AT, NOW)
    assert desk.keys == ["tk_2-1"], "another ticket is not held up"
    desk.act = lambda _: None
    drain(engine, {"smtp": desk}, AT + 3 * HOUR, NOW + 3 * HOUR)
    assert desk.keys == ["tk_2-1", "tk_1-9", "tk_1-10"]


def test_a_letter_that_would_be_tried_too_late_holds_up_no_other(engine: Engine) -> None:
    def first_waits(key: str) -> Receipt | None:
        if key == "tk_1-1":
            raise WorldError("429", wait=3 * HOUR)
        return None

    with transaction(engine) as connection:
        store.save_tickets(connection, [], [TICKET])
    owe(engine, "tk_1-1", "tk_1-2", ticket_id="tk_1", expires_at=AT + HOUR)
    desk = Receiver(first_waits)
    drain(engine, {"smtp": desk}, AT, NOW)
    assert desk.keys == ["tk_1-2"]
