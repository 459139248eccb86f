"""Alerts and tickets as the contract's JSON."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from alerts.alert import Alert, Stake
from alerts.outbox import Delivery
from alerts.queue import Queue, waiting
from alerts.ticket import Ticket
from billing.hours import Month, iso
from billing.money import round_money

CLOCKS = ("opened_at", "deadline_at", "expires_at", "latest_email_at")
CALL = ("call_from", "call_by")


def alert_documents(alerts: Sequence[Alert], queue: Queue) -> list[dict[str, Any]]:
    """The alerts, each with its place in the queue."""
    places = queue.places(alerts)
    return [alert_document(alert, places.get(alert.alert_id)) for alert in alerts]


def alert_document(alert: Alert, place: int | None) -> dict[str, Any]:
    """One alert. `place`: in the reviewers' queue, from 1."""
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
    }


def stake_of(alert: Alert) -> Stake | None:
    """The stake of its last month; 0 where it was decided before that month was weighed."""
    if alert.stake or not alert.stakes:
        return alert.stake
    return Stake(Month.of(alert.last_hour), Decimal(0), alert.stakes[-1].currency)


def ticket_document(ticket: Ticket, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """One ticket with those of `deliveries` that are its own."""
    return {
        "ticket_id": ticket.ticket_id,
        "partner_id": ticket.partner_id,
        "customer_id": ticket.customer_id,
        "month": str(ticket.month),
        "kind": ticket.kind,
        "state": ticket.state,
        **{name: _time(getattr(ticket, name)) for name in CLOCKS},
        "call_after_email": ticket.call_after_email,
        **{name: _time(getattr(ticket, name)) for name in CALL},
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
            for delivery in deliveries
            if delivery.ticket_id == ticket.ticket_id
        ],
    }


def _stake(stake: Stake) -> dict[str, str]:
    return {**_money(stake.amount, stake.currency), "month": str(stake.month)}


def _money(amount: Decimal, currency: str) -> dict[str, str]:
    return {"amount": f"{round_money(amount, currency):f}", "currency": currency}


def _time(at: Any) -> str | None:
    return iso(at) if at else None
