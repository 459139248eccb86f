"""The parts of a digest in the partner's words: spikes, tickets with their clocks, contracts, faults of the data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.alert import Alert
from alerts.evidence import readable
from alerts.grouping import together
from alerts.letter import asked
from alerts.standing import Standing, sums
from alerts.ticket import Ticket
from alerts.words import Language
from billing.book import Book
from billing.catalog import Catalog
from billing.hours import utc
from billing.money import money_text
from detectors.episodes import DISAPPEARANCE

NAME = 40  # characters of a name
ORGS = 10  # that are named
NOTICE = timedelta(days=120)
SETTLED = ("granted", "refused", "expired", "withdrawn")
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Sections:
    """Every instant on the partner's clock and in UTC; every list in the order of what matters most."""

    standing: Standing
    book: Book
    catalog: Catalog
    language: Language
    vendor_zone: ZoneInfo

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.standing.partner.time_zone)

    def customer(self, customer_id: str) -> str:
        return cut(self.book.customers[customer_id].name)

    def product(self, meter: str) -> str:
        return cut(self.catalog.meters[meter].name)

    def moment(self, at: datetime) -> str:
        """On the partner's clock and in UTC."""
        return self.language.moments(at, self.zone, UTC)

    def customers(self) -> Iterator[dict[str, str]]:
        for one in sums(self.standing, lambda line: line.customer_id):
            yield {"name": self.customer(one.of), "currency": one.currency, **one.money}

    def products(self) -> Iterator[dict[str, str]]:
        for one in sums(self.standing, lambda line: line.meter):
            quantity = "-" if one.quantity is None else readable(one.quantity, self.catalog.meters[one.of])
            yield {"name": self.product(one.of), "currency": one.currency, "quantity": quantity, **one.money}

    def spikes(self) -> Iterator[dict[str, object]]:
        """The loud ones: what still costs, the most urgent first; then what was dismissed, planned or withdrawn."""
        say = self.language.say
        loud = [alert for alert in self.standing.alerts if not alert.quiet]
        of_group: dict[str, list[Alert]] = {}
        for alert in loud:
            of_group.setdefault(alert.above or alert.alert_id, []).append(alert)
        for alert, *others in sorted(of_group.values(), key=lambda group: not group[0].live):
            stake, meter = alert.stake_in(self.standing.month), self.catalog.meters[alert.meter]
            free = alert.free_hours_left
            yield {
                "customer": self.customer(alert.customer_id),
                "product": self.product(alert.meter),
                "org": cut(self.book.orgs[alert.org_id].name),
                "kind": self.language.kind(alert.kind),
                "since": say("since", moment=self.moment(alert.started_at)),
                "hours": say("hours", count=len(alert.hours)),
                "usage": say("usage", actual=readable(alert.actual, meter), expected=readable(alert.expected, meter)),
                "stake": money_text(stake.amount, stake.currency) if stake else say("no_stake"),
                "state": say(f"alert_{alert.state}"),
                "free_hours": say("free_hours", count=free) if alert.live and free is not None else "",
                "notes": [*self._others(others), *self.language.notes(alert)],
            }

    def _others(self, alerts: Sequence[Alert]) -> Iterator[str]:
        """The partner's other orgs in which the meter jumped with it."""
        if alerts:
            sums = " + ".join(money_text(amount, currency) for currency, amount in together(alerts).items())
            orgs = ", ".join(cut(self.book.orgs[alert.org_id].name) for alert in alerts[:ORGS])
            yield self.language.say("others", count=len(alerts), amount=sums, orgs=orgs)

    def stopped(self) -> Iterator[str]:
        """Usage that stopped, the longest first; then what is back."""
        gone = [a for a in self.standing.alerts if a.kind == DISAPPEARANCE and a.live]
        for alert in sorted(gone, key=lambda a: (a.state == "over", a.started_at, a.alert_id)):
            meter = self.catalog.meters[alert.meter]
            yield self.language.say(
                "stopped_and_back" if alert.state == "over" else "stopped_since",
                customer=self.customer(alert.customer_id),
                product=self.product(alert.meter),
                org=cut(self.book.orgs[alert.org_id].name),
                actual=readable(alert.actual, meter),
                expected=readable(alert.expected, meter),
                moment=self.moment(alert.started_at),
            )

    def claims_close(self) -> str:
        """When the first deadline of an unsettled ticket is; nothing without one."""
        open_ = [t for t in self.standing.tickets if t.state not in SETTLED and t.deadline_at]
        first = min(open_, key=lambda t: t.deadline_at or self.standing.at, default=None)
        if first is None or first.deadline_at is None:
            return ""
        month = self.language.month(first.month)
        moment = self.language.moments(first.deadline_at, self.zone, self.vendor_zone, UTC)
        return self.language.say("claims_close", month=month, moment=moment)

    def tickets(self) -> Iterator[dict[str, object]]:
        """Unsettled ones first, by deadline. `facts`: pairs of a label and what it says."""
        say = self.language.say
        order = sorted(
            self.standing.tickets,
            key=lambda t: (t.state in SETTLED, t.deadline_at or self.standing.month.end, t.ticket_id),
        )
        for ticket in order:
            yield {
                "ticket_id": ticket.ticket_id,
                "customer": self.customer(ticket.customer_id),
                "month": self.language.month(ticket.month),
                "kind": say(f"kind_{ticket.kind}"),
                "state": say(f"ticket_{ticket.state}"),
                "asked": asked(ticket.claims),
                "facts": [(say(name), what) for name, what in self._facts(ticket)],
            }

    def contracts(self) -> Iterator[str]:
        """Contracts that end within 120 days and that none follows, the next to end first."""
        today = utc(self.standing.at).date()
        for end, contract_id, customer_id in sorted(
            (last.end, last.contract_id, customer.customer_id)
            for customer in self.book.customers_of.get(self.standing.partner.partner_id, ())
            for last in self.book.contracts_of.get(customer.customer_id, ())[-1:]
            if last.end and today < last.end <= today + NOTICE
        ):
            yield self.language.say(
                "contract_ends",
                customer=self.customer(customer_id),
                contract_id=cut(contract_id),
                day=self.language.day(end),
                days=(end - today).days,
            )

    def faults(self) -> Iterator[list[str]]:
        """What is in no total and why, a list for each kind."""
        say, standing = self.language.say, self.standing
        unpriced = {(x.customer_id, x.meter, x.contract_id) for x in standing.to_date if x.amount is None}
        yield [
            say(
                "unpriced",
                customer=self.customer(customer_id),
                product=self.product(meter),
                contract_id=cut(contract_id),
            )
            for customer_id, meter, contract_id in sorted(unpriced)
        ]
        yield [
            say(
                "uncontracted",
                customer=self.customer(row["customer_id"]),
                product=self.product(row["meter"]),
                hours=row["hours"],
            )
            for row in standing.uncontracted
        ]
        yield [
            say(
                "unknown_product",
                product_family=cut(row["product_family"]),
                usage_type=cut(row["usage_type"]),
                rows=row["rows"],
            )
            for row in standing.unknown_products
        ]
        yield [say("unassigned", org_id=cut(row["org_id"]), rows=row["rows"]) for row in standing.unassigned]

    def _facts(self, ticket: Ticket) -> Iterator[tuple[str, str]]:
        """The clocks of a ticket that is still to be answered, and how its letter stands."""
        say, settled = self.language.say, ticket.state in SETTLED
        if not settled:
            yield "opened", self.moment(ticket.opened_at) if ticket.opened_at else say("not_opened")
        if ticket.deadline_at and not settled:
            yield "deadline", self.language.moments(ticket.deadline_at, self.zone, self.vendor_zone)
        if ticket.latest_email_at and not settled:
            yield "latest_email", self.language.moments(ticket.latest_email_at, self.zone, self.vendor_zone)
        last_call = ticket.call_by or ticket.deadline_at
        if ticket.call_after_email and not settled and last_call and last_call > self.standing.at:
            start, end = (
                at and self.language.moments(at, self.zone, self.vendor_zone)
                for at in (ticket.call_from, ticket.call_by or ticket.deadline_at)
            )
            yield "call", say("call_between", start=start, end=end) if start and end else say("call_none")
        if ticket.ticket_id in self.standing.deliveries:
            sending = self.standing.deliveries[ticket.ticket_id]
            detail = self.moment(sending.sent_at) if sending.sent_at else sending.detail
            yield "delivery", say(f"delivery_{sending.state}", detail=detail)


def cut(name: str) -> str:
    """A name of at most NAME characters."""
    return name if len(name) <= NAME else f"{name[: NAME - 1].rstrip()}…"
