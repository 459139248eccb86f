"""The auditor: what should have happened and did not, as sentences. Pure.

It takes nobody's word: what the settling of tickets and the outbox should have done is asked of their rows alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.alert import Alert
from alerts.clock import BLIND, Clock
from alerts.outbox import Delivery
from alerts.ticket import Policy, Ticket, asked, claims_of
from billing.hours import DAY, HOUR, Month, iso

TICK = HOUR  # how far the cycles are apart, and how late any step may be
SHOWN = 7 * DAY  # how long a dead letter that nobody can mend any more is listed
WAITING = ("draft", "open")


@dataclass(frozen=True)
class Concern:
    """Something that is not as it should be: where, what, and what to do about it. `check`: which of the checks."""

    check: str
    where: str
    what: str
    todo: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.todo}"


@dataclass(frozen=True)
class Records:
    """What is audited. `alerts`: those of the book. `clock`: of a month and a customer; None if it left the book."""

    alerts: Sequence[Alert]
    tickets: Sequence[Ticket]
    deliveries: Sequence[Delivery]
    judged_upto: datetime | None
    clock: Callable[[Month, str], Clock | None]
    policy: Policy

    def letters(self, ticket: Ticket) -> list[Delivery]:
        return [one for one in self.deliveries if one.ticket_id == ticket.ticket_id]


def audit(records: Records, at: datetime, now: datetime) -> list[Concern]:
    """Every concern at the clock `at`. `now`: the present time, which leases go by."""
    checks = (_stopped(records, at), _claimed(records, at), _opened(records, at), _in_time(records, at))
    outbox = (_tried(records, at), _leases(records, now), _dead_letters(records, at))
    return [concern for check in (*checks, *outbox) for concern in check]


def _stopped(records: Records, at: datetime) -> Iterator[Concern]:
    if records.judged_upto and at - records.judged_upto >= 2 * TICK:
        what = f"the last cycle was that of {iso(records.judged_upto)}"
        yield Concern("cycle", "run", what, "nothing is found or claimed until it runs again: `floodmark run`")


def _claimed(records: Records, at: datetime) -> Iterator[Concern]:
    """What a live alert costs is on a ticket, where the customer's month comes to enough and has not ended."""
    on_ticket = {(c.alert_id, t.month) for t in records.tickets if t.state != "withdrawn" for c in t.claims}
    live: dict[tuple[str, Month], list[Alert]] = {}
    for alert in records.alerts:
        if alert.live:
            for month in {stake.month for stake in alert.stakes if stake.amount}:
                live.setdefault((alert.customer_id, month), []).append(alert)
    for (customer_id, month), alerts in live.items():
        sums = asked(claims_of(alerts, month))
        clock = records.clock(month, customer_id)
        if clock is None or at >= clock.expires_at or not any(a >= records.policy.least(c) for c, a in sums.items()):
            continue
        for alert in alerts:
            if (alert.alert_id, month) not in on_ticket and at >= alert.detected_at + TICK:
                what = f"is live, costs money in {month} and is on no ticket, so that nothing more will happen to it"
                yield Concern("next step", alert.alert_id, what, "run `floodmark run`; if it stays, report it")


def _opened(records: Records, at: datetime) -> Iterator[Concern]:
    """A draft opens when its review is over or the blind window comes; what is open has a letter."""
    detected = {alert.alert_id: alert.detected_at for alert in records.alerts if alert.live}
    for ticket in records.tickets:
        found = [detected[claim.alert_id] for claim in ticket.claims if claim.alert_id in detected]
        if ticket.state == "draft" and found:
            steps = [min(found) + records.policy.review]
            if ticket.latest_email_at:
                steps += [ticket.latest_email_at - BLIND, ticket.latest_email_at - HOUR]
            if at >= max(min(steps), *found) + TICK:
                what = f"should have opened at {iso(min(steps))} and is still a draft"
                yield Concern("next step", ticket.ticket_id, what, "run `floodmark run`; if it stays, report it")
        elif ticket.state == "open" and not records.letters(ticket):
            what = "is open and no letter was ever written"
            yield Concern("next step", ticket.ticket_id, what, "run `floodmark run`; if it stays, call the desk")


def _in_time(records: Records, at: datetime) -> Iterator[Concern]:
    """No ticket is past its latest step, or bound to pass it, with nobody contacted."""
    for ticket in records.tickets:
        latest, letters = ticket.latest_email_at, records.letters(ticket)
        if ticket.state not in WAITING or latest is None:
            continue
        waits = [one for one in letters if one.state == "due" and one.due_at > latest]
        if at < latest and not waits:
            continue
        when = "was" if at >= latest else "will be"
        what = f"the latest safe e-mail {when} due at {iso(latest)} and nobody has been contacted"
        why = {one.state: one.error or one.proof for one in letters}
        if "written" in why:
            what += f" (the letter lies in {why['written']})"
        elif reason := why.get("due") or why.get("sending") or why.get("failed"):
            what += f" ({reason})"
        yield Concern("in time", ticket.ticket_id, what, _call(ticket))


def _call(ticket: Ticket) -> str:
    start, end = ticket.call_from, ticket.call_by or ticket.deadline_at
    hours = f"from {iso(start)} " if start else ""
    return f"call the vendor's desk {hours}by {iso(end)}" if end else "call the vendor's desk"


def _tried(records: Records, at: datetime) -> Iterator[Concern]:
    """A letter waits for an earlier one of its ticket; else it is tried when it is due."""
    under_way: set[str] = set()
    for one in records.deliveries:
        behind = one.ticket_id in under_way
        if one.ticket_id and one.state in ("due", "sending"):
            under_way.add(one.ticket_id)
        if one.state == "due" and not behind and at >= one.due_at + TICK:
            what = f"{one.subject!r} was due at {iso(one.due_at)} and was not tried"
            yield Concern("outbox", one.key, what, "`floodmark run` sends it")


def _leases(records: Records, now: datetime) -> Iterator[Concern]:
    for one in records.deliveries:
        if one.state == "sending" and (one.leased_until is None or one.leased_until < now):
            what = f"the sender of {one.subject!r} died with it in its hands, and nobody has taken over"
            yield Concern("outbox", one.key, what, "`floodmark run` takes it over")


def _dead_letters(records: Records, at: datetime) -> Iterator[Concern]:
    """Those whose ticket still waits for somebody to be contacted, and for a week all others."""
    tickets: Mapping[str | None, Ticket] = {ticket.ticket_id: ticket for ticket in records.tickets}
    for one in records.deliveries:
        if one.state != "failed":
            continue
        ticket = tickets.get(one.ticket_id)
        waits = ticket is not None and ticket.state in (*WAITING, "sent")
        if waits or at < max(one.due_at, one.expires_at or one.due_at) + SHOWN:
            what = f"{one.subject!r} could not be delivered to {', '.join(one.to)} ({one.error})"
            call = f"{_call(ticket)}, or " if ticket and waits else ""
            yield Concern("dead letter", one.key, what, f"{call}mend it and `floodmark retry {one.key}`")
