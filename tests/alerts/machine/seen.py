"""What is stored at a clock, and how invariants of it are checked: each is a function, worked out by hand."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from alerts import answer_store, journal, outbox, store
from alerts.alert import Alert, Transition
from alerts.answers import Answer
from alerts.outbox import Delivery
from alerts.ticket import Ticket
from billing.database import reading
from billing.hours import Month
from tests.alerts.machine.world import World

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
                found[alert.customer_id, stake.month]  # makes the key
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


def over(ticket: Ticket, at: datetime) -> bool:
    """Whether the ticket's month has ended everywhere."""
    return ticket.kind != "vendor_fault" and at >= CLOCKS[ticket.customer_id, str(ticket.month)][2]
