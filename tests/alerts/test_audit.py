"""The auditor: every kind of fault is a sentence with what to do, within a tick; what is in order is none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from alerts.alert import Alert, Stake
from alerts.audit import TICK, Concern, Records, audit
from alerts.audit_letter import audit_key, audit_letter
from alerts.clock import Desk, month_clock
from alerts.outbox import Delivery
from alerts.ticket import Claim, Policy, Ticket
from billing.hours import DAY, HOUR, Month

NOVEMBER = Month(2026, 11)
DESK = Desk.parse("America/New_York", "09:00-18:00", "US")
CLOCK = month_clock(NOVEMBER, DESK, ZoneInfo("UTC"), 48)
AT = datetime(2026, 11, 12, 12, tzinfo=UTC)
ALERT = Alert(
    "al_1",
    "partner",
    "customer",
    "org",
    "infra_host",
    "spike",
    "open",
    AT - HOUR,
    (AT - 2 * HOUR,),
    np.zeros(168, np.int64),
    stakes=(Stake(NOVEMBER, Decimal(90), "USD"),),
)
CLAIM = Claim("al_1", "org", "infra_host", Decimal(90), "USD")
DRAFT = Ticket(
    "tk_1",
    "partner",
    "customer",
    NOVEMBER,
    "usage",
    deadline_at=CLOCK.deadline_at,
    expires_at=CLOCK.expires_at,
    latest_email_at=CLOCK.latest_email_at,
    claims=(CLAIM,),
)
OPEN = replace(DRAFT, state="open", opened_at=AT)
LETTER = Delivery(
    "tk_1-1", "ticket", "smtp", ("desk@vendor.example",), "Claim", "sent", 1, AT, AT, ticket_id="tk_1", proof="250 ok"
)
WELL = Records(
    alerts=(ALERT,),
    tickets=(DRAFT,),
    deliveries=(),
    judged_upto=AT,
    clock=lambda month, _: CLOCK,
    policy=Policy(DESK, 24 * HOUR, lambda _: Decimal(50)),
)


def found(records: Records, at: datetime = AT, now: datetime = AT) -> list[Concern]:
    return audit(replace(records, judged_upto=at), at, now)


def only(records: Records, at: datetime = AT, now: datetime = AT) -> Concern:
    (one,) = found(records, at, now)
    assert one.what and one.todo
    return one


def test_nothing_is_wrong_while_everything_has_a_next_step() -> None:
    assert found(WELL) == []
    assert found(replace(WELL, tickets=(replace(OPEN, state="sent"),), deliveries=(LETTER,)), AT + 10 * DAY) == []


def test_cycles_that_stopped() -> None:
    assert audit(WELL, AT + TICK, AT) == []
    (one,) = audit(WELL, AT + 2 * TICK, AT)
    assert (one.check, "2026-11-12T12:00:00Z" in one.what) == ("cycle", True)
    assert audit(replace(WELL, judged_upto=None), AT, AT) == [], "a workspace that never ran"


def test_a_live_alert_on_no_ticket() -> None:
    lonely = replace(WELL, tickets=())
    assert only(lonely).where == "al_1"
    assert found(replace(lonely, alerts=(replace(ALERT, detected_at=AT),))) == [], "it came in this very cycle"
    assert found(replace(lonely, alerts=(replace(ALERT, state="dismissed"),))) == []
    assert found(replace(lonely, alerts=(replace(ALERT, stakes=(Stake(NOVEMBER, Decimal(49), "USD"),)),))) == []
    assert found(lonely, CLOCK.expires_at) == []
    assert found(replace(lonely, clock=lambda *_: None)) == [], "its customer left the book"
    assert only(replace(WELL, tickets=(replace(DRAFT, state="withdrawn"),))).where == "al_1"


def test_a_draft_that_should_have_opened() -> None:
    review_over = ALERT.detected_at + 24 * HOUR
    assert found(WELL, review_over) == []
    assert only(WELL, review_over + TICK).where == "tk_1"
    blind = CLOCK.latest_email_at - 72 * HOUR
    fresh = replace(WELL, alerts=(replace(ALERT, detected_at=blind - HOUR),))
    assert found(fresh, blind) == []
    assert only(fresh, blind + TICK).check == "next step"


def test_an_open_ticket_without_a_letter() -> None:
    assert only(replace(WELL, tickets=(OPEN,))).what == "is open and no letter was ever written"


@pytest.mark.parametrize(
    ("letter", "said"),
    [
        ({"state": "due", "error": "451 later"}, "451 later"),
        ({"state": "written", "proof": "outbox/tk_1-1.eml"}, "outbox/tk_1-1.eml"),
        ({"state": "sending", "leased_until": CLOCK.expires_at}, ""),
    ],
)
def test_a_ticket_past_its_latest_step_unsent(letter: dict[str, object], said: str) -> None:
    late = CLOCK.latest_email_at
    open_ticket = replace(OPEN, call_from=late, call_by=late + HOUR)
    one = replace(LETTER, **({"proof": None, "due_at": late} | letter))  # type: ignore[arg-type]
    records = replace(WELL, tickets=(open_ticket,), deliveries=(one,))
    assert [c.check for c in found(records, late - HOUR) if c.check != "outbox"] == []
    concern = only(records, late)
    assert (concern.check, said in concern.what) == ("in time", True)
    assert concern.todo == "call the vendor's desk from 2026-11-27T14:00:00Z by 2026-11-27T15:00:00Z"


def test_a_ticket_that_is_bound_to_pass_its_latest_step() -> None:
    patient = replace(LETTER, state="due", due_at=CLOCK.latest_email_at + HOUR, error="429")
    assert "will be due" in only(replace(WELL, tickets=(OPEN,), deliveries=(patient,))).what


def test_a_message_that_was_due_and_not_tried() -> None:
    due = replace(WELL, deliveries=(replace(LETTER, ticket_id=None, state="due"),))
    assert found(due, AT + TICK - timedelta(seconds=1)) == []
    assert only(due, AT + TICK).where == "tk_1-1"


@pytest.mark.parametrize("until", [AT - HOUR, None])
def test_a_lease_that_is_stuck(until: datetime | None) -> None:
    held = replace(LETTER, ticket_id=None, state="sending", leased_until=until)
    assert "died" in only(replace(WELL, deliveries=(held,))).what
    assert found(replace(WELL, deliveries=(replace(held, leased_until=AT),))) == []


def test_dead_letters_are_listed_until_somebody_was_contacted_or_for_a_week() -> None:
    dead = replace(LETTER, state="failed", error="550 no such desk", expires_at=CLOCK.expires_at)
    records = replace(WELL, tickets=(OPEN,), deliveries=(dead,))
    concern = only(records)
    assert "550 no such desk" in concern.what
    assert concern.todo == "call the vendor's desk by 2026-12-01T00:00:00Z, or mend it and `floodmark retry tk_1-1`"
    digest = replace(dead, ticket_id=None, expires_at=None)
    assert only(replace(WELL, deliveries=(digest,))).check == "dead letter"
    week = replace(WELL, alerts=(), tickets=(replace(OPEN, state="expired"),), deliveries=(dead, digest))
    assert len(found(week, AT + 6 * DAY)) == 2
    assert len(found(week, AT + 8 * DAY)) == 1
    assert found(week, CLOCK.expires_at + 8 * DAY) == []


def test_the_mail_leads_with_money_and_is_owed_once_a_day_for_the_same_concerns() -> None:
    holes = Concern("usage", "org", "3 hours are missing", "ingest them")
    late = Concern("in time", "tk_1", "nobody\nwas contacted", "call")
    letter = audit_letter([holes, late], "a@b.example", ("op@b.example",), AT)
    assert letter.subject == "Needs a person: tk_1: nobody was contacted, and 1 more"
    assert letter.text.index("tk_1") < letter.text.index("org\n")
    assert audit_key([holes, late], AT) == audit_key([late, holes], AT + HOUR)
    assert len({audit_key([holes], AT), audit_key([late], AT), audit_key([late], AT + DAY)}) == 3
