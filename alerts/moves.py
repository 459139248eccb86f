"""What a cycle did to the state of tickets, and why, for the journal. Pure."""

from collections.abc import Sequence
from datetime import datetime

from alerts.alert import Alert, Transition
from alerts.clock import Clock
from alerts.ticket import Policy, Ticket, opens_because

WHY = {
    "draft": "its claims are worth a ticket, and wait for review",
    "open": "a claim of it came back",
    "withdrawn": "nothing of it is claimed any more",
    "expired": "nobody had been reached when the month had ended everywhere",
}


def moved(was: Ticket | None, now: Ticket, at: datetime, opening: str = "") -> list[Transition]:
    """The change from one to the other, if there is one. `opening`: why it opened, if it did."""
    before = was.state if was else ""
    opened = now.opened_at and not (was and was.opened_at)
    why = opening if opened and opening else WHY.get(now.state, "")
    return [Transition(now.ticket_id, at, before, now.state, "floodmark", why)] if now.state != before else []


def opening(ticket: Ticket, alerts: Sequence[Alert], clock: Clock, policy: Policy, at: datetime) -> str:
    """Why the ticket opened at `at`; empty where it did not. `alerts`: at least those of its claims."""
    claimed = {claim.alert_id for claim in ticket.claims}
    mine = [alert for alert in alerts if alert.alert_id in claimed]
    return opens_because(ticket, mine, clock, policy, at) if ticket.opened_at == at and mine else ""
