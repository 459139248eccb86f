"""Tickets: which claims go to the vendor's desk, when one opens, when it ends. Pure.

The rules are the contract's, "When a ticket opens".
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from alerts.alert import Alert
from alerts.clock import BLIND, Clock, Desk, call_window
from billing.hours import DAY, HOUR, Month
from detectors.episodes import is_over

KINDS = ("usage", "vendor_fault", "precaution")
ANSWERED = ("acknowledged", "granted", "refused")


@dataclass(frozen=True)
class Claim:
    """An alert's stake in the ticket's month."""

    alert_id: str
    org_id: str
    meter: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Ticket:
    """One a customer, month and kind. Clock fields are None for `vendor_fault`.

    `letters`: how many were written; `told` and `told_at`: the claims that the last one stated, and when.
    """

    ticket_id: str
    partner_id: str
    customer_id: str
    month: Month
    kind: str
    state: str = "draft"
    opened_at: datetime | None = None
    deadline_at: datetime | None = None
    expires_at: datetime | None = None
    latest_email_at: datetime | None = None
    call_after_email: bool = False
    call_from: datetime | None = None
    call_by: datetime | None = None
    claims: tuple[Claim, ...] = ()
    letters: int = 0
    told: tuple[Claim, ...] = ()
    told_at: datetime | None = None


@dataclass(frozen=True)
class Policy:
    """What the settings say about tickets. `least`: min_stake by currency."""

    desk: Desk
    review: timedelta
    least: Callable[[str], Decimal]


def ticket_id(customer_id: str, month: Month, kind: str) -> str:
    """The identity: customer, month and kind."""
    return "tk_" + hashlib.sha256(repr((customer_id, str(month), kind)).encode()).hexdigest()[:12]


def settle(
    customer: tuple[str, str],
    month: Month,
    alerts: Sequence[Alert],
    tickets: Mapping[str, Ticket],
    clock: Clock,
    policy: Policy,
    at: datetime,
) -> tuple[list[Ticket], list[Ticket]]:
    """The customer's tickets of the month at `at`, and those of them that owe a letter now.

    `customer`: (partner_id, customer_id). `tickets`: by kind. Pure; the same call again owes nothing new
    once the letters are counted (see `written`).
    """
    partner_id, customer_id = customer
    live = [alert for alert in alerts if alert.live]
    due = any(amount >= policy.least(currency) for currency, amount in asked(claims_of(live, month)).items())
    of_kind = _sorted_by_kind([alert for alert in live if claims_of([alert], month)], tickets, clock, at)
    settled, owing = [], []
    for kind in KINDS:
        ticket = tickets.get(kind)
        mine = of_kind[kind]
        if ticket is None and not (mine and due):
            continue
        ticket = ticket or Ticket(ticket_id(customer_id, month, kind), partner_id, customer_id, month, kind)
        ticket = replace(ticket, partner_id=partner_id, claims=claims_of(mine, month))
        ticket = _with_clock(ticket, clock)
        ticket = _next(ticket, mine, due, clock, policy, at)
        settled.append(ticket)
        if _owes_letter(ticket, mine, clock, policy, at):
            owing.append(ticket)
    return settled, owing


def ended(ticket: Ticket, at: datetime) -> Ticket:
    """The ticket, expired if nobody could be contacted before the month had ended everywhere."""
    late = ticket.expires_at is not None and at >= ticket.expires_at
    return replace(ticket, state="expired") if late and ticket.state in ("draft", "open") else ticket


def written(ticket: Ticket, at: datetime) -> Ticket:
    """The ticket after a letter that states its present claims."""
    return replace(ticket, letters=ticket.letters + 1, told=ticket.claims, told_at=at)


def _sorted_by_kind(
    alerts: Sequence[Alert], tickets: Mapping[str, Ticket], clock: Clock, at: datetime
) -> dict[str, list[Alert]]:
    """Alerts by the kind of ticket they belong to. A claim stays on the ticket that was opened with it."""
    pinned = {
        claim.alert_id: kind
        for kind in ("usage", "precaution")
        if kind in tickets and tickets[kind].opened_at and tickets[kind].state != "withdrawn"
        for claim in (*tickets[kind].told, *tickets[kind].claims)
    }
    usage_is_open = "usage" in pinned.values()
    of_kind: dict[str, list[Alert]] = {kind: [] for kind in KINDS}
    fresh: list[Alert] = []
    for alert in alerts:
        if alert.state == "vendor_fault":
            of_kind["vendor_fault"].append(alert)
        elif alert.alert_id in pinned:
            of_kind[pinned[alert.alert_id]].append(alert)
        elif clock.in_blind_window(at) and at - alert.last_hour < BLIND:
            fresh.append(alert)
        else:
            of_kind["usage"].append(alert)
    of_kind["usage" if usage_is_open or of_kind["usage"] else "precaution"] += fresh
    return {kind: sorted(mine, key=lambda a: (a.started_at, a.alert_id)) for kind, mine in of_kind.items()}


def claims_of(alerts: Sequence[Alert], month: Month) -> tuple[Claim, ...]:
    """What the alerts claim in the month; nothing for what costs nothing."""
    return tuple(
        Claim(alert.alert_id, alert.org_id, alert.meter, stake.amount, stake.currency)
        for alert in alerts
        for stake in alert.stakes_in(month)
        if stake.amount
    )


def _with_clock(ticket: Ticket, clock: Clock) -> Ticket:
    if ticket.kind == "vendor_fault":
        return ticket
    return replace(
        ticket, deadline_at=clock.deadline_at, expires_at=clock.expires_at, latest_email_at=clock.latest_email_at
    )


def _next(ticket: Ticket, alerts: Sequence[Alert], due: bool, clock: Clock, policy: Policy, at: datetime) -> Ticket:
    if ticket.state in ANSWERED or ticket.state == "expired":
        return ticket
    if ticket.expires_at and at >= ticket.expires_at:
        return ended(ticket, at)
    if not alerts or (ticket.opened_at is None and not due):
        return replace(ticket, state="withdrawn")
    if ticket.opened_at is None:
        return (
            _opened(ticket, clock, policy, at)
            if opens_because(ticket, alerts, clock, policy, at)
            else replace(ticket, state="draft")
        )
    ticket = replace(ticket, state="open") if ticket.state == "withdrawn" else ticket
    return _with_call(ticket, clock, policy, at) if _call_has_passed(ticket, policy.desk, at) else ticket


def opens_because(ticket: Ticket, alerts: Sequence[Alert], clock: Clock, policy: Policy, at: datetime) -> str:
    """Why a ticket of these alerts opens now; empty where it does not yet."""
    if ticket.kind == "vendor_fault":
        return "a reviewer found a fault of the vendor"
    if any(alert.state == "confirmed" for alert in alerts):
        return "a reviewer confirmed a claim of it"
    if at >= min(alert.detected_at for alert in alerts) + policy.review:
        return "the hours for review are over"
    if at >= clock.latest_email_at - HOUR:
        return "the last safe hour for an e-mail has come"
    return "late usage could miss the deadline: nothing waits for review" if clock.in_blind_window(at) else ""


def _opened(ticket: Ticket, clock: Clock, policy: Policy, at: datetime) -> Ticket:
    ticket = replace(ticket, state="open", opened_at=at)
    if ticket.latest_email_at is None or ticket.deadline_at is None or at <= ticket.latest_email_at:
        return ticket
    return _with_call(ticket, clock, policy, at)


def _call_has_passed(ticket: Ticket, desk: Desk, at: datetime) -> bool:
    """Whether the desk has closed since it was to be called, and the letter is not sent yet."""
    return ticket.state == "open" and ticket.call_from is not None and next(desk.spans_from(ticket.call_from))[1] <= at


def _with_call(ticket: Ticket, clock: Clock, policy: Policy, at: datetime) -> Ticket:
    """When to call, from now on."""
    call_from, call_by = call_window(at, clock.deadline_at, policy.desk)
    return replace(ticket, call_after_email=True, call_from=call_from, call_by=call_by)


def _owes_letter(ticket: Ticket, alerts: Sequence[Alert], clock: Clock, policy: Policy, at: datetime) -> bool:
    """The first letter; one when a claim joins or leaves; a correction when the sum moved by the least stake.

    Corrections wait until the episodes are over, or the blind window has come, and are a day apart; one more goes
    out in the last hour before the deadline, and before the end.
    """
    if ticket.opened_at is None or ticket.state == "expired" or ticket.told == ticket.claims:
        return False
    if ticket.expires_at and at >= ticket.expires_at:
        return False
    if {c.alert_id for c in ticket.told} != {c.alert_id for c in ticket.claims}:
        return True
    if ticket.told_at is None or not _moved(ticket, policy):
        return False
    last_calls = [end - HOUR for end in (ticket.deadline_at, ticket.expires_at) if end]
    if any(ticket.told_at < last_call <= at for last_call in last_calls):
        return True
    settled = clock.in_blind_window(at) or all(is_over(alert.last_hour, at) for alert in alerts)
    return settled and at >= ticket.told_at + DAY


def _moved(ticket: Ticket, policy: Policy) -> bool:
    """Whether a sum is another by the least stake since the last letter."""
    was, now = asked(ticket.told), asked(ticket.claims)
    return any(
        abs(now.get(currency, Decimal(0)) - was.get(currency, Decimal(0))) >= max(policy.least(currency), Decimal(1))
        for currency in {*was, *now}
    )


def asked(claims: Sequence[Claim]) -> dict[str, Decimal]:
    """What the claims come to, a sum of each currency and none below 0."""
    sums: dict[str, Decimal] = {}
    for claim in claims:
        sums[claim.currency] = sums.get(claim.currency, Decimal(0)) + claim.amount
    return {currency: max(Decimal(0), amount) for currency, amount in sorted(sums.items())}
