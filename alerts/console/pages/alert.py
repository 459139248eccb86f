"""One alert: enough on a page to decide it in a minute, and what is done with it."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel, field_validator

from alerts import journal, listing
from alerts.alert import VERDICTS, Alert, Transition
from alerts.console.alert_bill import differences, tickets_of
from alerts.console.alert_hours import ZOOMS, AlertHours, alert_hours, zoomed
from alerts.console.done import go, just_done, told
from alerts.console.downloads import attached
from alerts.console.paper import page
from alerts.console.readers import tongue
from alerts.console.rows import left_of, rows
from alerts.console.session import needs
from alerts.console.standing_line import standing_line
from alerts.console.tongue import Tongue
from alerts.console.view import See, View, looking
from alerts.evidence import readable
from alerts.listing import QUEUE, Wanted
from billing.errors import Fault, InputError
from billing.hours import DAY, Month, iso, parse_time

router = APIRouter()
EARLIER = 12


class Zoom(BaseModel):
    """The address of a picture; days as YYYY-MM-DD, empty for what is none."""

    zoom: str = ZOOMS[0]
    first: str = ""
    last: str = ""

    @field_validator("first", "last")
    @classmethod
    def _is_day(cls, text: str) -> str:
        day = _day(text)
        return day.date().isoformat() if day else ""

    def hours(self, view: View, alert: Alert) -> AlertHours:
        days = (_day(text) for text in (self.first, self.last))
        return alert_hours(view, alert, zoomed(alert, self.zoom, *days))


class Act(BaseModel):
    """What is done with an alert. below: with all under it that the user sees."""

    verdict: str = ""
    note: str = ""
    below: str = ""
    until: str = ""


@router.get("/alerts/{alert_id}")
def alert(request: Request, view: See, alert_id: str, zoom: Annotated[Zoom, Query()]) -> Response:
    """The page, or only its picture with the table of the same hours."""
    shown = view.alert(alert_id)
    hours = zoom.hours(view, shown)
    month = Month.of(shown.last_hour)
    partner = view.book.partner_of(view.of_org(shown.org_id).customer_id)
    clock = None if shown.state == "vendor_fault" else view.house.clock(month, partner)
    drawn: dict[str, Any] = {
        "alert": shown,
        "meter": hours.meter,
        "hours": hours,
        "odd": set(shown.hours),
        "picture": hours.picture(clock, tongue(request)),
        "readable": readable,
        "zoom": zoom,
        "zooms": ZOOMS,
        "partner": partner,
    }
    if request.headers.get("hx-target") == "hours":
        return page(request, "alert_zoomed.html", **drawn)
    done = just_done(request)
    around = _around(view, shown, tongue(request))
    return page(request, "alert.html", **drawn, **around, clock=clock, done=done)


@router.get("/alerts/{alert_id}/hours.csv")
def hours_csv(view: See, alert_id: str, zoom: Annotated[Zoom, Query()]) -> Response:
    """Every hour of the picture in base units."""
    shown = view.alert(alert_id)
    odd = set(shown.hours)
    lines = [
        f"{iso(row.hour)},{row.expected},{'' if row.actual is None else row.actual},{'yes' if row.hour in odd else ''}"
        for row in zoom.hours(view, shown).rows
    ]
    content = "\n".join(["hour_utc,expected,actual,anomalous", *lines, ""])
    return Response(content, media_type="text/csv; charset=utf-8", headers=attached(f"{alert_id}.csv"))


@router.post("/alerts/{alert_id}/verdict", dependencies=[needs("reviewer")])
def verdict(request: Request, alert_id: str, form: Annotated[Act, Form()]) -> Response:
    """A verdict with its note; the next alert of the queue comes after it."""
    with looking(request) as view:
        ids = view.known([alert_id])
        if form.below:
            ids += [one.alert_id for one in view.below(ids).get(alert_id, ())]
    house = request.app.state.house
    changed = house.decide(ids, form.verdict, request.state.user.name, form.note.strip(), house.now())
    done = told(state=VERDICTS[form.verdict], ids=[one.alert_id for one in changed])
    return go(request, f"/alerts/{alert_id}", done)


@router.post("/alerts/{alert_id}/comment", dependencies=[needs("reviewer")])
def comment(request: Request, alert_id: str, form: Annotated[Act, Form()]) -> Response:
    with looking(request) as view:
        view.alert(alert_id)
    house = request.app.state.house
    house.comment(alert_id, request.state.user.name, form.note, house.now())
    return go(request, f"/alerts/{alert_id}", told("Comment added."))


@router.post("/alerts/{alert_id}/snooze", dependencies=[needs("reviewer")])
def snooze(request: Request, alert_id: str, form: Annotated[Act, Form()]) -> Response:
    """Until an instant in UTC; without one it wakes."""
    with looking(request) as view:
        view.alert(alert_id)
    house = request.app.state.house
    house.put_off(alert_id, _instant(form.until), request.state.user.name, form.note.strip(), house.now())
    return go(request, f"/alerts/{alert_id}", told("Snoozed." if form.until else "Back in the queue."))


def _around(view: View, alert: Alert, tongue: Tongue) -> dict[str, Any]:
    """What is known of it beside its hours."""
    connection, customer = view.connection, view.of_org(alert.org_id)
    under = view.below([alert.alert_id]).get(alert.alert_id, [])
    above = alert.above if alert.above and view.seen([alert.above]) else None
    earlier = listing.of_series(connection, alert.org_id, alert.meter, EARLIER + 1)
    following = [one for one in view.alerts(Wanted(QUEUE), 2, alert.alert_id) if one.alert_id != alert.alert_id]
    return {
        "line": standing_line(view),
        "at": view.at,
        "customer": customer,
        "org": view.book.orgs[alert.org_id],
        "orgs": view.book.orgs,
        "left": left_of(view, {s.month for s in alert.stakes}, view.book.partners[customer.partner_id], alert.state),
        "bills": differences(view, alert),
        "tickets": tickets_of(view, alert),
        "group": rows(view, under, grouped=False),
        "above": above,
        "earlier": [one for one in earlier if one.alert_id != alert.alert_id and view.shows(one)][:EARLIER],
        "notes": tongue.notes(alert),
        "history": [(row, _why(row, tongue)) for row in journal.of(connection, alert.alert_id)],
        "following": following[0] if following else None,
        "tomorrow": view.at + DAY,
    }


def _why(row: Transition, tongue: Tongue) -> str:
    """What the product noted, in the reader's language; a person's note as it is."""
    ours = row.who == "floodmark" or row.was == row.now != "comment" or row.why.startswith("taken back: ")
    return tongue.retold(row.why) if ours else row.why


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    try:
        return parse_time(text) if text else None
    except ValueError as error:
        raise InputError([Fault("snooze", 0, "until", str(error))]) from error
