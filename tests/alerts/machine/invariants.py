"""What must hold after every step, worked out by hand from what is stored and what the desk has. One function each."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from alerts import answer_store, journal, outbox, store
from alerts.alert import Alert, Transition
from alerts.answers import Answer
from alerts.outbox import Delivery
from alerts.snooze import awake
from alerts.ticket import Ticket
from billing.database import reading
from billing.hours import Month
from tests.alerts.machine.world import BOOK, World

LEAST, HOUR = Decimal(50), timedelta(hours=1)
ANSWERED = ("acknowledged", "granted", "refused")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+00:00")


# (latest e-mail, deadline, end) of a month, worked out by hand: 18 open hours in New York, Thanksgiving left out.
CLOCKS = {
    ("cello", "2026-11"): tuple(map(instant, ("2026-11-25T15:00", "2026-11-30T15:00", "2026-12-01T05:00"))),
    ("drum", "2026-11"): tuple(map(instant, ("2026-11-27T14:00", "2026-12-01T00:00", "2026-12-01T05:00"))),
    ("cello", "2026-12"): tuple(map(instant, ("2026-12-29T15:00", "2026-12-31T15:00", "2027-01-01T05:00"))),
    ("drum", "2026-12"): tuple(map(instant, ("2026-12-30T14:00", "2027-01-01T00:00", "2027-01-01T05:00"))),
}
BLIND, REVIEW = timedelta(hours=72), timedelta(hours=24)
STEPS = sorted({step for latest, *ends in CLOCKS.values() for step in (latest - BLIND, latest - HOUR, latest, *ends)})


@dataclass(frozen=True)
class Seen:
    """What is stored at a clock. `cycled`: nothing has happened since the last cycle."""

    at: datetime
    cycled: bool
    alerts: dict[str, Alert]
    tickets: dict[str, Ticket]
    deliveries: dict[str, Delivery]
    answers: dict[str, list[Answer]]
    rows: list[journal.Row]
    mails: int

    @classmethod
    def of(cls, world: World, cycled: bool) -> "Seen":
        with reading(world.app.engine) as connection:
            return cls(
                world.at,
                cycled,
                {one.alert_id: one for one in store.alerts(connection)},
                {one.ticket_id: one for one in store.tickets(connection)},
                {one.key: one for one in outbox.all_deliveries(connection)},
                answer_store.all_answers(connection),
                list(journal.rows(connection)),
                len(world.mailbox.mails),
            )

    def letters(self, ticket: Ticket) -> list[Delivery]:
        return [one for one in self.deliveries.values() if one.ticket_id == ticket.ticket_id]

    def differs(self, other: "Seen") -> str:
        """Which part of it is not as in the other."""
        parts = ("alerts", "tickets", "deliveries", "answers", "rows")
        return " and ".join(part for part in parts if getattr(self, part) != getattr(other, part))

    def moves(self, subject: str) -> list[Transition]:
        return [row.moved for row in self.rows if row.moved.subject == subject]

    def live(self, customer_id: str, month: Month) -> dict[str, Decimal]:
        """By hand: what each alert whose claim stands costs in the month."""
        return {
            one.alert_id: stake.amount
            for one in self.alerts.values()
            if one.customer_id == customer_id and one.state in ("open", "over", "confirmed", "vendor_fault")
            for stake in one.stakes
            if stake.month == month and stake.amount
        }

    @property
    def months(self) -> dict[tuple[str, Month], list[Ticket]]:
        """The tickets of every customer's month in which something is claimed."""
        found: dict[tuple[str, Month], list[Ticket]] = defaultdict(list)
        for one in self.tickets.values():
            found[one.customer_id, one.month].append(one)
        for alert in self.alerts.values():
            for stake in alert.stakes:
                found[alert.customer_id, stake.month]  # noqa: B018  makes the key
        return found


Check = Callable[[Seen, Seen, World], None]
INVARIANTS: dict[str, Check] = {}


def invariant(check: Check) -> Check:
    INVARIANTS[check.__name__] = check
    return check


def broken(now: Seen, before: Seen, world: World) -> dict[str, str]:
    """The invariants that do not hold, with what is wrong."""
    found = {}
    for name, check in INVARIANTS.items():
        try:
            check(now, before, world)
        except AssertionError as error:
            found[name] = str(error).split("\n", maxsplit=1)[0]
    return found


@invariant
def one_ticket_a_customer_month_and_kind(now: Seen, before: Seen, world: World) -> None:
    """And it keeps its identity: none is taken away."""
    for one in now.tickets.values():
        name = repr((one.customer_id, str(one.month), one.kind)).encode()
        assert one.ticket_id == "tk_" + hashlib.sha256(name).hexdigest()[:12]
    assert before.tickets.keys() <= now.tickets.keys()


@invariant
def a_draft_says_nothing(now: Seen, before: Seen, world: World) -> None:
    """It has no time of opening and no letter; what was opened is never a draft again, nor opened at another time."""
    for one in now.tickets.values():
        was = before.tickets.get(one.ticket_id)
        if one.opened_at is None:
            assert not one.letters and not now.letters(one)
        if one.state == "draft":
            assert one.opened_at is None
        if was and was.opened_at:
            assert one.opened_at == was.opened_at


@invariant
def it_opens_for_a_reason_and_for_enough_money(now: Seen, before: Seen, world: World) -> None:
    """The reasons of the contract, and at least 50 USD together."""
    for one in now.tickets.values():
        was = before.tickets.get(one.ticket_id)
        if one.opened_at and not (was and was.opened_at):
            assert one.opened_at == now.at
            assert _reason(one, now), f"{one.kind} opened for nothing"
            assert sum(now.live(one.customer_id, one.month).values()) >= LEAST


@invariant
def nothing_waits_that_has_a_reason_to_open(now: Seen, before: Seen, world: World) -> None:
    """A snooze, too, delays no opening."""
    for one in now.tickets.values():
        if now.cycled and one.state == "draft":
            assert not _reason(one, now), f"{_reason(one, now)}, and it is still a draft"


def _reason(ticket: Ticket, seen: Seen) -> str:
    """By hand: why a ticket with these claims is open."""
    mine = [seen.alerts[claim.alert_id] for claim in ticket.claims]
    if ticket.kind == "vendor_fault":
        return "vendor fault" if any(one.state == "vendor_fault" for one in mine) else ""
    latest, deadline, _ = CLOCKS[ticket.customer_id, str(ticket.month)]
    reasons = {
        "confirmed": any(one.state == "confirmed" for one in mine),
        "reviewed": any(seen.at >= one.detected_at + REVIEW for one in mine),
        "last safe hour": seen.at >= latest - HOUR,
        "blind": latest - BLIND <= seen.at < deadline,
    }
    return ", ".join(reason for reason, holds in reasons.items() if holds)


@invariant
def no_claim_of_what_is_no_claim(now: Seen, before: Seen, world: World) -> None:
    """What was dismissed, planned or restated away is on no ticket after the next cycle."""
    for one in now.tickets.values():
        if now.cycled and not _over(one, now.at):
            states = {now.alerts[claim.alert_id].state for claim in one.claims}
            assert not states & {"dismissed", "planned", "withdrawn"}, f"a claim of what is {states}"


@invariant
def every_claim_stands_on_one_ticket(now: Seen, before: Seen, world: World) -> None:
    """Each live alert's money of a month is claimed once, at its amount, as soon as it is enough together."""
    for (customer_id, month), tickets in now.months.items():
        if not now.cycled or now.at >= CLOCKS[customer_id, str(month)][2]:
            continue
        claims = [claim for one in tickets if one.state != "withdrawn" for claim in one.claims]
        live = now.live(customer_id, month)
        assert all(count == 1 for count in Counter(claim.alert_id for claim in claims).values()), "claimed twice"
        assert {claim.alert_id: claim.amount for claim in claims}.items() <= live.items(), "another amount"
        if sum(live.values()) >= LEAST:
            assert {claim.alert_id for claim in claims} == live.keys(), "not claimed"
        for one in tickets:
            faults = {now.alerts[claim.alert_id].state == "vendor_fault" for claim in one.claims}
            assert faults <= {one.kind == "vendor_fault"}, "a claim on a ticket of another kind"


@invariant
def a_claim_stays_on_the_ticket_that_told_it(now: Seen, before: Seen, world: World) -> None:
    """The desk never hears of a claim under two tickets, unless it was found to be the vendor's fault."""
    for one in before.tickets.values():
        if one.kind == "vendor_fault" or not one.opened_at or one.state == "withdrawn" or not now.cycled:
            continue
        live = now.live(one.customer_id, one.month)
        for claim in one.told:
            if claim.alert_id in live and now.alerts[claim.alert_id].state != "vendor_fault":
                others = [t for t in now.tickets.values() if t.ticket_id != one.ticket_id and t.month == one.month]
                assert not any(claim.alert_id == c.alert_id for t in others for c in t.claims)


@invariant
def every_letter_is_in_the_outbox_once(now: Seen, before: Seen, world: World) -> None:
    """As many as the ticket counts, under keys that are numbered; none disappears, and none changes its words."""
    for one in now.tickets.values():
        keys = {letter.key for letter in now.letters(one)}
        assert keys == {f"{one.ticket_id}-{number}" for number in range(1, one.letters + 1)}
    assert before.deliveries.keys() <= now.deliveries.keys()


@invariant
def what_is_claimed_is_told(now: Seen, before: Seen, world: World) -> None:
    """After a cycle the last letter of a ticket names the alerts that it claims."""
    for one in now.tickets.values():
        if now.cycled and one.opened_at and not _over(one, now.at):
            assert {claim.alert_id for claim in one.told} == {claim.alert_id for claim in one.claims}


@invariant
def what_is_sent_was_taken(now: Seen, before: Seen, world: World) -> None:
    """A proof is never made up, a ticket is sent only by a letter that was, and what was taken is never owed again."""
    for one in now.deliveries.values():
        was = before.deliveries.get(one.key)
        if one.state == "sent":
            assert one.proof == f"250 {one.key}" and one.key in world.desk.keys
        if was and was.state == "sent":
            assert one.state == "sent" or "bounced" in (one.error or ""), f"sent, and then {one.state}"
    for ticket in now.tickets.values():
        if ticket.state == "sent":
            assert any(letter.state == "sent" for letter in now.letters(ticket))


@invariant
def a_message_fails_only_for_a_reason(now: Seen, before: Seen, world: World) -> None:
    """Refused for good, bounced, too late, or in danger to arrive a third time; all else is tried again."""
    for one in now.deliveries.values():
        if one.state == "failed":
            late = one.expires_at is not None and now.at >= one.expires_at
            refused = one.key in world.desk.refused or "bounced" in (one.error or "")
            assert late or refused or one.maybe_twice, f"given up: {one.error}"


@invariant
def once_where_the_desk_knows_keys_else_twice_at_most(now: Seen, before: Seen, world: World) -> None:
    """Copies have the same bytes, so the same Message-ID, and are flagged; a person may ask for one more."""
    for key, count in Counter(world.desk.keys).items():
        copies = {one.message for one in world.desk.came if one.key == key}
        assert len(copies) == 1, "another message under the same key"
        more = world.asked[key]
        assert count <= (1 if world.desk.by_key else 2 + more), f"{count} copies"
        if count > 1 + more:
            assert now.deliveries[key].maybe_twice, "two copies and no flag"


@invariant
def one_sender_holds_a_message(now: Seen, before: Seen, world: World) -> None:
    """Nobody takes it over before the lease is over, and a drain tries it once."""
    assert world.desk.most_held <= 1, "two senders at once"
    assert max(world.desk.tries.values(), default=0) <= 1, "twice in a drain"


@invariant
def a_dead_sender_is_replaced(now: Seen, before: Seen, world: World) -> None:
    """After a drain nothing is left that could have been sent: what is due, or held by a lease that is over."""
    if now.cycled and not world.died:
        for one in now.deliveries.values():
            assert not (one.state == "due" and one.due_at <= now.at), "due and not tried"
            assert not (one.state == "sending" and one.leased_until and one.leased_until < now.at), "left lying"


@invariant
def the_desk_hears_in_order(now: Seen, before: Seen, world: World) -> None:
    """No letter of a ticket comes for the first time after a later one of it."""
    last: dict[str, int] = {}
    for key in dict.fromkeys(world.desk.keys):
        ticket_id, _, number = key.rpartition("-")
        assert int(number) > last.get(ticket_id, 0) or world.asked[key], f"{key} after {last.get(ticket_id)}"
        last[ticket_id] = max(int(number), last.get(ticket_id, 0))


@invariant
def nothing_is_sent_after_the_end(now: Seen, before: Seen, world: World) -> None:
    """When the month has ended everywhere, no letter about it goes out."""
    for one in world.desk.came:
        ticket = now.tickets[one.key.rpartition("-")[0]]
        if ticket.kind != "vendor_fault":
            assert one.at < CLOCKS[ticket.customer_id, str(ticket.month)][2], "too late"


@invariant
def only_what_nobody_heard_of_expires(now: Seen, before: Seen, world: World) -> None:
    """Not before the end; then nothing waits any more, and what was sent or answered stays that."""
    for one in now.tickets.values():
        was = before.tickets.get(one.ticket_id)
        if one.state == "expired":
            assert _over(one, now.at)
            assert was is None or was.state in ("draft", "open", "expired"), f"{was.state} and expired"
        elif now.cycled and _over(one, now.at):
            assert one.state not in ("draft", "open")


@invariant
def the_journal_is_whole(now: Seen, before: Seen, world: World) -> None:
    """Its chain of hashes holds, nothing of it is rewritten, and it ends where each alert and each ticket is."""
    seal = "0" * 64
    for number, row in enumerate(now.rows, 1):
        at = row.moved.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        moved = (row.moved.subject, at, row.moved.was, row.moved.now, row.moved.who, row.moved.why)
        content = json.dumps([number, *moved, seal], separators=(",", ":")).encode("ascii")
        seal = hashlib.sha256(content).hexdigest()
        assert (row.number, row.hash) == (number, seal), "the chain is broken"
    assert now.rows[: len(before.rows)] == before.rows, "rewritten"
    last: dict[str, str] = {}
    for row in now.rows:
        assert row.moved.was == last.get(row.moved.subject, ""), "a change from another state"
        last[row.moved.subject] = row.moved.now
    states = {one.alert_id: one.state for one in now.alerts.values()}
    states |= {one.ticket_id: one.state for one in now.tickets.values()}
    assert last == states, "it ends with another state"


@invariant
def a_snooze_ends_before_a_claim_could_be_late(now: Seen, before: Seen, world: World) -> None:
    """At the latest e-mail of the first open month it touches, and only while the alert is still to be decided."""
    for one in now.alerts.values():
        was = before.alerts.get(one.alert_id)
        if one.snoozed_until and (was is None or was.snoozed_until != one.snoozed_until):
            months = {str(Month.of(hour)) for hour in one.hours} | {str(stake.month) for stake in one.stakes}
            clocks = [CLOCKS[one.customer_id, month] for month in months]
            latest = min((latest for latest, _, end in clocks if now.at < end), default=None)
            assert one.state not in ("dismissed", "planned", "withdrawn") and one.snoozed_until > now.at
            assert one.state == "vendor_fault" or latest is None or one.snoozed_until <= latest, "too long"


@invariant
def the_queue_is_what_is_loud_and_undecided(now: Seen, before: Seen, world: World) -> None:
    """Each has one place, its own or that of the one above it; nothing else has one."""
    places = world.app.queue(BOOK, now.at).places(awake(now.alerts.values(), now.at))
    asleep = {name for name, one in now.alerts.items() if one.snoozed_until and one.snoozed_until > now.at}
    wanted = {n for n, one in now.alerts.items() if not one.quiet and one.state in ("open", "over")} - asleep
    assert sorted(places.values()) == list(range(1, len(places) + 1))
    assert {name if name in places else now.alerts[name].above for name in wanted} == places.keys()


@invariant
def what_costs_enough_is_loud(now: Seen, before: Seen, world: World) -> None:
    """Alone, or together with those below it; who is above and who is below is live, of one meter, and one step."""
    for name, one in now.alerts.items():
        below = [other for other in now.alerts.values() if other.above == name]
        if now.cycled and any(stake.amount >= LEAST for stake in one.stakes):
            assert not one.quiet
        if now.cycled and below:
            group = [one, *below]
            assert all(other.state in ("open", "over", "confirmed", "vendor_fault") for other in group), "a dead one"
            assert one.above is None and len({other.org_id for other in group}) >= 3
            last = Month.of(one.last_hour)
            if all(Month.of(other.last_hour) == last for other in group):
                together = sum(stake.amount for other in group for stake in other.stakes if stake.month == last)
                assert not one.quiet or together < LEAST, f"{together} USD together, and nobody is told"


@invariant
def reviewers_are_told_of_so_many_a_day(now: Seen, before: Seen, world: World) -> None:
    """Three on top in 24 hours here, those below them not counted; and of each, once."""
    new = [one for one in now.alerts.values() if one.announced_at == now.at and not _woken(one, now)]
    told = [o for o in now.alerts.values() if o.announced_at and now.at - REVIEW < o.announced_at]
    if new and now.cycled:
        heads = [one for one in told if one.above is None and not _woken(one, now)]
        assert len(heads) <= 3 or not any(one.above is None for one in new), "more than the reviewers asked for"
        assert not any(one.quiet for one in new)


def _woken(alert: Alert, seen: Seen) -> bool:
    return any(move.why.startswith("woken") for move in seen.moves(alert.alert_id))


@invariant
def the_clocks_are_the_earliest_and_the_latest(now: Seen, before: Seen, world: World) -> None:
    """The deadline is no later than any candidate end of the month; a ticket opened after the last e-mail is a call."""
    for one in now.tickets.values():
        if one.kind == "vendor_fault":
            assert one.deadline_at is None and one.expires_at is None and not one.call_after_email
            continue
        latest, deadline, end = CLOCKS[one.customer_id, str(one.month)]
        assert (one.latest_email_at, one.deadline_at, one.expires_at) == (latest, deadline, end)
        if one.opened_at and one.opened_at > latest:
            assert one.call_after_email
        if one.call_from and one.call_by:
            assert one.opened_at and one.opened_at <= one.call_from < one.call_by <= deadline


@invariant
def the_next_try_is_before_the_next_step(now: Seen, before: Seen, world: World) -> None:
    """After the last one, and before the latest e-mail and the end, unless the desk asked for patience."""
    for one in now.deliveries.values():
        was = before.deliveries.get(one.key)
        if one.state == "due" and was and one.attempts > was.attempts and one.key not in world.asked:
            ticket = now.tickets[str(one.ticket_id)]
            steps = [step for step in (ticket.latest_email_at, one.expires_at) if step and step > now.at]
            assert one.due_at > now.at
            if "429" not in (one.error or ""):
                assert one.due_at <= min([now.at + HOUR, *steps]) + timedelta(seconds=1), "it would wait too long"
            else:
                assert one.due_at >= now.at + 3 * HOUR, "it was asked to wait"


@invariant
def no_more_is_granted_than_was_asked(now: Seen, before: Seen, world: World) -> None:
    """And only to a ticket that a person says was granted; what was refused or taken back grants nothing."""
    for ticket_id, answers in now.answers.items():
        state, last = now.tickets[ticket_id].state, answers[-1]
        for currency, amount in last.granted.items():
            asked = max(answer.asked.get(currency, Decimal(0)) for answer in answers if answer.what == "granted")
            assert 0 < amount <= asked, f"{amount} granted of {asked}"
        said = [answer.what for answer in answers if answer.what in (*ANSWERED, "open")]
        if last.granted:
            assert said[-1] == "granted" == state


@invariant
def an_answer_stands_until_a_person_takes_it_back(now: Seen, before: Seen, world: World) -> None:
    """No cycle, no mail and no delivery changes it, and a mail is an answer once."""
    for one in now.tickets.values():
        was = before.tickets.get(one.ticket_id)
        if was and was.state in ANSWERED and not world.answering:
            assert one.state == was.state, f"{was.state}, and then {one.state}"
    for answers in now.answers.values():
        mails = Counter(answer.note for answer in answers if answer.who.startswith("mail"))
        assert all(count == 1 for count in mails.values()), "a mail was handled twice"


def _over(ticket: Ticket, at: datetime) -> bool:
    return ticket.kind != "vendor_fault" and at >= CLOCKS[ticket.customer_id, str(ticket.month)][2]
