"""What can happen in a month, in any order: the rules of the state machine."""

from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from alerts import outbox
from alerts.alert import VERDICTS
from alerts.answers import WORDS
from alerts.mail import message_id
from billing.database import transaction
from billing.errors import SettingsError
from billing.hours import DAY, HOUR
from flows import verdicts
from flows.tickets import settle_tickets
from tests.alerts.machine import of_alerts, of_letters, of_tickets  # noqa: F401  they are what is checked
from tests.alerts.machine.desk import ACTS
from tests.alerts.machine.seen import BLIND, REVIEW, STEPS, Seen, broken, instant
from tests.alerts.machine.world import CELLO, LAST, MINUTE, ORGS, SENDER, World
from tests.alerts.mailbox.desk_mails import reply, report

STARTS = tuple(
    map(instant, ("2026-11-10T06:00", "2026-11-18T20:00", "2026-11-21T15:00", "2026-11-25T12:00", "2026-11-29T14:00"))
)
PLANS = st.lists(st.sampled_from(ACTS), max_size=4)
JUMPS = st.sampled_from([("c0",), ("d0",), ("c1",), CELLO[:3], ORGS])
UNITS = [120, 200, 500, 2000]
LATER = st.sampled_from([HOUR, 5 * HOUR, DAY, 3 * DAY, 12 * DAY, 40 * DAY])


class BrokenError(AssertionError):
    """What does not hold any more, with what is wrong."""

    def __init__(self, found: dict[str, str]) -> None:
        super().__init__(found)
        self.names = tuple(found)


class Months(RuleBasedStateMachine):
    """From a chosen moment on, until the new year has begun."""

    @initialize(
        start=st.sampled_from(STARTS),
        sink=st.sampled_from(["smtp", "zendesk"]),
        orgs=JUMPS,
        units=st.sampled_from(UNITS),
    )
    def begin(self, start: datetime, sink: str, orgs: tuple[str, ...], units: int) -> None:
        self.world = World(start, sink)
        self.now = self.before = Seen.of(self.world, cycled=False)
        self.surges(orgs, -8, 8, units)
        self.cycle(start, [])

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()

    @rule(
        orgs=JUMPS,
        since=st.integers(-30, 6),
        hours=st.sampled_from([1, 3, 8, 30]),
        units=st.sampled_from(UNITS),
    )
    def surges(self, orgs: tuple[str, ...], since: int, hours: int, units: int) -> None:
        """Usage is high for a while, or goes up again, or was already."""
        for place, org in enumerate(orgs):
            self.world.surge(org, self.world.at + (since + place) * HOUR, hours, units)
        self.look()

    @rule(org=st.sampled_from(ORGS), hours=st.sampled_from([2, 24, 100]), units=st.sampled_from([100, 100, 104, 150]))
    def is_restated(self, org: str, hours: int, units: int) -> None:
        self.world.surge(org, self.world.at - hours * HOUR, hours, units)
        self.look()

    @rule(hours=st.sampled_from([0, 1, 2, 11, 25, 72, 240]), orgs=st.none() | JUMPS, plan=PLANS)
    def time_passes(self, hours: int, orgs: tuple[str, ...] | None, plan: list[str]) -> None:
        for org in orgs or ():
            self.world.surge(org, self.world.at - 3 * HOUR, 3, 500)
        self.cycle(self.world.at + hours * HOUR, plan)

    @rule(which=st.integers(0, 2), seconds=st.sampled_from([-3600, -60, 0, 0, 60]), plan=PLANS)
    def a_step_comes(self, which: int, seconds: int, plan: list[str]) -> None:
        """Around the next instants that matter."""
        alerts = self.now.alerts.values()
        steps = {*STEPS, *(one.detected_at + REVIEW for one in alerts), *(o.last_hour + BLIND + HOUR for o in alerts)}
        steps |= {one.snoozed_until for one in alerts if one.snoozed_until}
        to_come = sorted(step for step in steps if step > self.world.at)
        if to_come:
            at = to_come[min(which, len(to_come) - 1)] + timedelta(seconds=seconds)
            self.cycle(max(at, self.world.at), plan)

    @precondition(lambda self: self.now.deliveries)
    @rule(minutes=st.sampled_from([0, 1, 2, 16, 61]), plan=PLANS)
    def the_outbox_is_drained(self, minutes: int, plan: list[str]) -> None:
        self.world.at = min(self.world.at + minutes * MINUTE, LAST)
        self.world.send(plan)
        self.look()

    @precondition(lambda self: self.now.alerts)
    @rule(data=st.data(), verdict=st.sampled_from([*VERDICTS]), below=st.booleans())
    def is_judged(self, data: st.DataObject, verdict: str, below: bool) -> None:
        """One, one with those below it, or every one."""
        names = sorted(self.now.alerts)
        name = data.draw(st.sampled_from(["all", *names]))
        for alert_id in names if name == "all" else [name]:
            verdicts.give(self.world.app, alert_id, verdict, "eve", "", self.world.at, below=below)
        self.look()

    @precondition(lambda self: self.now.alerts)
    @rule(data=st.data(), later=LATER, to_the_step=st.booleans())
    def is_snoozed(self, data: st.DataObject, later: timedelta, to_the_step: bool) -> None:
        alert_id = data.draw(st.sampled_from(sorted(self.now.alerts)))
        until = self.world.at + later
        if to_the_step:
            until = next((step for step in STEPS if step >= until), until)
        self.put_off(alert_id, until)

    @precondition(lambda self: any(one.snoozed_until for one in self.now.alerts.values()))
    @rule(data=st.data())
    def is_woken(self, data: st.DataObject) -> None:
        asleep = sorted(name for name, one in self.now.alerts.items() if one.snoozed_until)
        self.put_off(data.draw(st.sampled_from(asleep)), None)

    def put_off(self, alert_id: str, until: datetime | None) -> None:
        try:
            verdicts.put_off(self.world.app, alert_id, until, "eve", "", self.world.at)
        except SettingsError:
            return
        self.look()

    @precondition(lambda self: any(one.opened_at for one in self.now.tickets.values()))
    @rule(
        data=st.data(),
        what=st.sampled_from(WORDS),
        share=st.sampled_from([None, None, "0.25", "0.999", "1", "1.5"]),
    )
    def a_person_answers(self, data: st.DataObject, what: str, share: str | None) -> None:
        opened = sorted(name for name, one in self.now.tickets.items() if one.opened_at)
        ticket_id = data.draw(st.sampled_from(opened))
        self.world.answer(self.now.tickets[ticket_id], what, share)
        self.look()
        self.world.answering = False

    @precondition(lambda self: self.world.desk.came)
    @rule(data=st.data(), kind=st.sampled_from(["reply", "auto-reply", "bounce", "bounce", "delivered", "delayed"]))
    def a_mail_comes(self, data: st.DataObject, kind: str) -> None:
        """About a letter that the desk has; the next cycle reads it."""
        key = data.draw(st.sampled_from(sorted({*self.world.desk.keys})))
        self.world.mailbox.get(self.mail(kind, message_id(key, SENDER)))

    @precondition(lambda self: self.world.mailbox.mails)
    @rule(data=st.data())
    def a_mail_comes_again(self, data: st.DataObject) -> None:
        """Byte for byte the same, in another place."""
        mails = self.world.mailbox.mails
        self.world.mailbox.get(mails[data.draw(st.sampled_from([*mails]))])

    def mail(self, kind: str, answered: str) -> bytes:
        if kind in ("reply", "auto-reply"):
            headers = {"Auto_Submitted": "auto-replied"} if kind == "auto-reply" else {}
            return reply(answers=answered, subject=f"Re {len(self.world.mailbox.mails)}", **headers)
        return report(answered, {"bounce": "failed"}.get(kind, kind))

    @precondition(lambda self: any(one.state == "failed" for one in self.now.deliveries.values()))
    @rule(data=st.data())
    def a_person_has_it_sent_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(k for k, one in self.now.deliveries.items() if one.state == "failed")))
        with transaction(self.world.app.engine) as connection:
            outbox.retry(connection, key, self.world.at)
        self.world.asked[key] += 1
        self.look()

    def cycle(self, at: datetime, plan: list[str]) -> None:
        """The cycle at that clock, and once more."""
        world = self.world
        world.at = min(at, LAST)
        world.judge()
        world.send(plan)
        self.look(cycled=True)
        settle_tickets(world.app, world.at, world.known())
        if changed := self.now.differs(Seen.of(world, cycled=True)):
            raise BrokenError({"the_same_clock_again_changes_nothing": changed})

    def look(self, cycled: bool = False) -> None:
        self.before, self.now = self.now, Seen.of(self.world, cycled)
        self.check()

    def check(self) -> None:
        if found := broken(self.now, self.before, self.world):
            raise BrokenError(found)
