"""Alerts and tickets as the contract's JSON."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from alerts.alert import Alert, Stake
from alerts.answers import Answer, Money, granted, proof_of_contact, unanswered
from alerts.clock import Desk, call_window
from alerts.grouping import below, together
from alerts.outbox import Delivery
from alerts.queue import Queue, waiting
from alerts.ticket import Ticket
from billing.hours import Month, iso
from billing.money import round_money

CLOCKS = ("opened_at", "deadline_at", "expires_at", "latest_email_at")


def alert_documents(alerts: Sequence[Alert], queue: Queue) -> list[dict[str, Any]]:
    """The alerts, each with its place in the queue and those below it."""
    places, under = queue.places(alerts), below(alerts)
    return [alert_document(one, places.get(one.alert_id), under.get(one.alert_id, ())) for one in alerts]


def alert_document(alert: Alert, place: int | None, under: Sequence[Alert] = ()) -> dict[str, Any]:
    """One alert. `place`: in the reviewers' queue, from 1. `under`: those that it is on top of."""
    stake, coming = stake_of(alert), alert.next_cost
    return {
        "alert_id": alert.alert_id,
        "partner_id": alert.partner_id,
        "customer_id": alert.customer_id,
        "org_id": alert.org_id,
        "meter": alert.meter,
        "kind": alert.kind,
        "state": alert.state,
        "quiet": alert.quiet,
        "started_at": iso(alert.started_at),
        "detected_at": iso(alert.detected_at),
        "last_hour": iso(alert.last_hour),
        "expected": str(alert.expected),
        "actual": str(alert.actual),
        "stake": _stake(stake) if stake else None,
        "stakes": [_stake(stake) for stake in alert.stakes],
        "free_hours_left": alert.free_hours_left,
        "reasons": list(alert.reasons),
        "stake_low": f"{round_money(stake.low, stake.currency):f}" if stake else None,
        "next_cost": coming and {"hours": coming.hours, **_money(coming.amount, coming.currency)},
        "provisional": alert.provisional,
        "queue": place,
        "waiting": waiting(alert),
        "snoozed_until": _time(alert.snoozed_until),
        "above": alert.above,
        "below": sorted(one.alert_id for one in under),
        "together": [_money(amount, currency) for currency, amount in together([alert, *under]).items()],
    }


def stake_of(alert: Alert) -> Stake | None:
    """The stake of its last month; 0 where it was decided before that month was weighed."""
    if alert.stake or not alert.stakes:
        return alert.stake
    return Stake(Month.of(alert.last_hour), Decimal(0), alert.stakes[-1].currency)


def ticket_document(
    ticket: Ticket, deliveries: Sequence[Delivery], desk: Desk, answers: Sequence[Answer] = ()
) -> dict[str, Any]:
    """One ticket with those of `deliveries` that are its own. answers: its own, oldest first.

    call_from and call_by are those of its opening, next_call_* what is left of them since.
    """
    mine = [delivery for delivery in deliveries if delivery.ticket_id == ticket.ticket_id]
    call_from, call_by = _call_at_opening(ticket, desk)
    proof = proof_of_contact(answers, [one.external_id for one in mine if one.external_id])
    return {
        "ticket_id": ticket.ticket_id,
        "partner_id": ticket.partner_id,
        "customer_id": ticket.customer_id,
        "month": str(ticket.month),
        "kind": ticket.kind,
        "state": ticket.state,
        **{name: _time(getattr(ticket, name)) for name in CLOCKS},
        "call_after_email": ticket.call_after_email,
        "call_from": _time(call_from),
        "call_by": _time(call_by),
        "next_call_from": _time(ticket.call_from),
        "next_call_by": _time(ticket.call_by),
        "claims": [
            {
                "alert_id": claim.alert_id,
                "org_id": claim.org_id,
                "meter": claim.meter,
                "amount": f"{round_money(claim.amount, claim.currency):f}",
                "currency": claim.currency,
            }
            for claim in ticket.claims
        ],
        "deliveries": [
            {
                "sink": delivery.sink,
                "to": ", ".join(delivery.to),
                "key": delivery.key,
                "state": delivery.state,
                "attempts": delivery.attempts,
                "sent_at": _time(delivery.sent_at),
                "proof": delivery.proof,
                "error": delivery.error,
                "due_at": _time(delivery.due_at) if delivery.state == "due" else None,
                "maybe_twice": delivery.maybe_twice,
            }
            for delivery in mine
        ],
        "granted": _sums(granted(answers)),
        "unanswered": _sums(unanswered(ticket, answers)),
        "contact_proven": bool(proof),
        "contact_proof": proof or None,
        "answers": [
            {
                "at": iso(one.at),
                "what": one.what,
                "who": one.who,
                "note": one.note,
                "asked": _sums(one.asked),
                "granted": _sums(one.granted),
                "proofs": [vars(proof) for proof in one.proofs],
            }
            for one in answers
        ],
        "desk_calendar": desk.calendar,
    }


def _sums(money: Money) -> list[dict[str, str]]:
    return [_money(amount, currency) for currency, amount in sorted(money.items())]


def _stake(stake: Stake) -> dict[str, str]:
    return {**_money(stake.amount, stake.currency), "month": str(stake.month)}


def _money(amount: Decimal, currency: str) -> dict[str, str]:
    return {"amount": f"{round_money(amount, currency):f}", "currency": currency}


def _call_at_opening(ticket: Ticket, desk: Desk) -> tuple[datetime | None, datetime | None]:
    if not (ticket.call_after_email and ticket.opened_at and ticket.deadline_at):
        return None, None
    return call_window(ticket.opened_at, ticket.deadline_at, desk)


def _time(at: Any) -> str | None:
    return iso(at) if at else None
