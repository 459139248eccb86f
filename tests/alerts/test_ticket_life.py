"""A month's end played by the hour: alerts come, grow, are judged and restated; what must hold after every cycle."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alerts.alert import NOT_LIVE, Alert, Stake
from alerts.ticket import Ticket
from billing.hours import DAY, HOUR
from tests.alerts.claims import (
    BLIND,
    DEADLINE,
    EARLY,
    EXPIRES,
    LATEST,
    LEAST,
    NOVEMBER,
    alert,
    claimed,
    cycle,
)

AMOUNTS = st.sampled_from(["0", "0.01", "20", "30", "49.99", "50", "75.5", "900", "-5", "-30", "-900"])
VERDICTS = ["confirmed", "dismissed", "planned", "vendor_fault"]
DELIVERED = ("sent", "acknowledged", "granted", "refused")
DUE = LEAST


class MonthEnd(RuleBasedStateMachine):
    """A customer's November, from a chosen moment on; mail goes out or does not."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: list[Alert] = []
        self.tickets: dict[str, Ticket] = {}
        self.earlier: list[dict[str, Ticket]] = []
        self.mail_works = True

    @initialize(start=st.sampled_from([EARLY, BLIND - DAY, LATEST - 3 * HOUR, DEADLINE - DAY]))
    def begin(self, start: datetime) -> None:
        self.at = start

    @rule(amount=AMOUNTS, age=st.integers(1, 100))
    def raised(self, amount: str, age: int) -> None:
        name = f"{len(self.alerts):03}"
        self.alerts.append(alert(name, amount, raised=self.at, last_hour=self.at - age * HOUR))
        self.settle()

    @precondition(lambda self: self.alerts)
    @rule(data=st.data(), amount=AMOUNTS)
    def grows(self, data: st.DataObject, amount: str) -> None:
        one = self.chosen(data)
        last_hour = max(one.last_hour, self.at - 2 * HOUR)
        hours = tuple(sorted({*one.hours, last_hour}))
        self.changed(one, hours=hours, stakes=(Stake(NOVEMBER, Decimal(amount), "USD"),))

    @precondition(lambda self: self.alerts)
    @rule(data=st.data(), verdict=st.sampled_from(VERDICTS))
    def reviewed(self, data: st.DataObject, verdict: str) -> None:
        self.changed(self.chosen(data), state=verdict)

    @precondition(lambda self: self.alerts)
    @rule(data=st.data(), state=st.sampled_from(["withdrawn", "over", "open"]))
    def restated(self, data: st.DataObject, state: str) -> None:
        self.changed(self.chosen(data), state=state)

    @rule(works=st.booleans())
    def mail(self, works: bool) -> None:
        self.mail_works = works

    @rule(hours=st.sampled_from([1, 1, 2, 5, 11, 23, 24, 25, 72]))
    def waits(self, hours: int) -> None:
        for _ in range(hours):
            self.at += timedelta(hours=1)
            self.settle()

    def chosen(self, data: st.DataObject) -> Alert:
        return data.draw(st.sampled_from(self.alerts))

    def changed(self, one: Alert, **values: Any) -> None:
        self.alerts[self.alerts.index(one)] = replace(one, **values)
        self.settle()

    def settle(self) -> None:
        """A cycle, and the one after it in the same hour, which must have nothing left to do; then the mail."""
        self.tickets, owing = cycle(self.alerts, self.at, self.tickets)
        for kind in owing:
            assert self.tickets[kind].opened_at, "a letter of a draft"
            assert kind == "vendor_fault" or self.at < EXPIRES, "a letter that comes too late"
        again, more = cycle(self.alerts, self.at, self.tickets)
        assert (again, more) == (self.tickets, []), "the same cycle twice is the cycle once"
        if self.mail_works:
            self.tickets = {
                kind: replace(ticket, state="sent") if ticket.state == "open" else ticket
                for kind, ticket in self.tickets.items()
            }
        self.earlier.append(self.tickets)

    @property
    def live(self) -> list[Alert]:
        """By hand: the alerts whose claim stands."""
        return [one for one in self.alerts if one.state not in NOT_LIVE and one.stakes[0].amount]

    @property
    def due(self) -> bool:
        return sum(one.stakes[0].amount for one in self.live) >= DUE

    @invariant()
    def what_was_told_is_never_taken_back(self) -> None:
        if len(self.earlier) < 2:
            return
        before, now = self.earlier[-2:]
        for kind, was in before.items():
            assert now[kind].ticket_id == was.ticket_id
            assert now[kind].letters >= was.letters
            if was.opened_at:
                assert now[kind].opened_at == was.opened_at and now[kind].state != "draft"
                assert now[kind].call_after_email == was.call_after_email
            if was.state == "expired":
                assert now[kind].state == "expired"

    @invariant()
    def a_claim_stays_on_the_ticket_that_told_it(self) -> None:
        usage = {one.alert_id for one in self.live if one.state != "vendor_fault"}
        for before, now in zip(self.earlier[-2:], self.earlier[-1:], strict=False):
            for kind in {"usage", "precaution"} & before.keys():
                told = {claim.alert_id for claim in before[kind].told}
                assert before[kind].state == "withdrawn" or told & usage <= {c.alert_id for c in now[kind].claims}

    @invariant()
    def a_claim_sits_on_at_most_one_ticket(self) -> None:
        names = [name for ticket in self.tickets.values() for name in claimed(ticket)]
        assert len(names) == len(set(names))

    @invariant()
    def the_claims_are_the_live_alerts_with_a_stake(self) -> None:
        standing = [t for t in self.tickets.values() if t.state != "withdrawn"]
        stated = {c.alert_id: c.amount for t in standing for c in t.claims}
        wanted = {one.alert_id: one.stakes[0].amount for one in self.live}
        assert stated.items() <= wanted.items()
        if self.due and self.earlier and not any(t.expires_at and self.at >= EXPIRES for t in self.tickets.values()):
            assert stated == wanted
        for kind, ticket in self.tickets.items():
            faulty = {one.alert_id for one in self.live if one.state == "vendor_fault"}
            for claim in ticket.claims:
                assert (kind == "vendor_fault") == (claim.alert_id in faulty)

    @invariant()
    def what_is_open_has_said_what_it_claims(self) -> None:
        for ticket in self.tickets.values():
            if ticket.opened_at and (ticket.expires_at is None or self.at < EXPIRES):
                assert ticket.letters > 0
                assert [c.alert_id for c in ticket.told] == [c.alert_id for c in ticket.claims]

    @invariant()
    def nothing_waits_without_a_reason(self) -> None:
        for kind, ticket in self.tickets.items():
            if ticket.state == "draft":
                assert self.due and kind == "usage"
                assert self.at < BLIND, "in the blind window nothing waits"
                mine = [one for one in self.alerts if one.alert_id in {c.alert_id for c in ticket.claims}]
                assert not any(one.state == "confirmed" for one in mine)
                assert all(self.at < one.detected_at + DAY for one in mine)

    @invariant()
    def a_precaution_is_of_the_blind_window(self) -> None:
        precaution = self.tickets.get("precaution")
        if precaution and precaution.opened_at:
            assert BLIND <= precaution.opened_at < DEADLINE

    @invariant()
    def only_what_was_not_delivered_expires_and_only_at_the_end(self) -> None:
        for kind, ticket in self.tickets.items():
            if kind == "vendor_fault" or self.at < EXPIRES:
                assert ticket.state != "expired"
            else:
                assert ticket.state not in ("draft", "open")
                if ticket.state in DELIVERED:
                    assert ticket.letters > 0

    @invariant()
    def opened_after_the_latest_email_means_a_call(self) -> None:
        for kind, ticket in self.tickets.items():
            late = kind != "vendor_fault" and ticket.opened_at is not None and ticket.opened_at > LATEST
            assert ticket.call_after_email == late
            if ticket.call_from and ticket.call_by and ticket.opened_at:
                assert ticket.opened_at <= ticket.call_from < ticket.call_by <= DEADLINE


TestMonthEnd = MonthEnd.TestCase
TestMonthEnd.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
