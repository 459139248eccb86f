"""November 2026 at a desk in New York for a partner in UTC, alerts with a stake in it, and one cycle of tickets.

The clock of that month, as the contract's example works it out: Thanksgiving is the 26th.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from alerts.alert import Alert, Stake
from alerts.clock import Desk, month_clock
from alerts.ticket import Policy, Ticket, settle, written
from billing.hours import HOUR, Month, floor_hour

NOVEMBER = Month(2026, 11)
DESK = Desk.parse("America/New_York", "09:00-18:00", "US")
CLOCK = month_clock(NOVEMBER, DESK, ZoneInfo("UTC"), 48)
LEAST = Decimal(50)
POLICY = Policy(DESK, timedelta(hours=24), lambda currency: LEAST)
CUSTOMER = ("partner", "customer")

BLIND = datetime(2026, 11, 24, 14, tzinfo=UTC)
LATEST = datetime(2026, 11, 27, 14, tzinfo=UTC)
DEADLINE = datetime(2026, 12, 1, tzinfo=UTC)
EXPIRES = datetime(2026, 12, 1, 5, tzinfo=UTC)
EARLY = datetime(2026, 11, 10, 6, tzinfo=UTC)  # a quiet day, long before anything is urgent


class Cycle(NamedTuple):
    """The tickets by kind with their letters counted, and the kinds that owed one."""

    tickets: dict[str, Ticket]
    owing: list[str]


def alert(
    name: str = "a",
    amount: str = "60",
    state: str = "open",
    raised: datetime = EARLY,
    last_hour: datetime | None = None,
    month: Month = NOVEMBER,
) -> Alert:
    """An alert of one hour, raised at its close, that costs `amount` in `month`."""
    return Alert(
        alert_id=f"al_{name}",
        partner_id=CUSTOMER[0],
        customer_id=CUSTOMER[1],
        org_id=f"org-{name}",
        meter="infra_hosts",
        kind="spike",
        state=state,
        detected_at=raised,
        hours=(last_hour or floor_hour(raised) - HOUR,),
        profile=np.zeros(168, np.int64),
        stakes=(Stake(month, Decimal(amount), "USD"),),
    )


def cycle(alerts: Iterable[Alert], at: datetime, before: Mapping[str, Ticket] | None = None) -> Cycle:
    """Settle once; the letters owed are written, as the cycle's transaction does."""
    settled, owing = settle(CUSTOMER, NOVEMBER, list(alerts), before or {}, CLOCK, POLICY, at)
    tickets = {ticket.kind: written(ticket, at) if ticket in owing else ticket for ticket in settled}
    return Cycle(tickets, [ticket.kind for ticket in owing])


def claimed(ticket: Ticket) -> list[str]:
    """The names of the alerts that the ticket claims."""
    return [claim.alert_id.removeprefix("al_") for claim in ticket.claims]
