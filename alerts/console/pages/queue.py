"""The queue: what is still to be decided, the most urgent first; verdicts on many at once, and their undoing."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel

from alerts.alert import VERDICTS
from alerts.console.done import go, just_done, told
from alerts.console.paper import page
from alerts.console.rows import rows
from alerts.console.session import needs
from alerts.console.standing_line import standing_line
from alerts.console.view import See, View, looking
from alerts.listing import QUEUE, STATES, Wanted
from billing.catalog import Meter

router = APIRouter()
PAGE = 50
COUNTED = 1000  # more than this are "1000 or more"
CHOICES = 300  # more customers than these are found by search alone


class Filters(BaseModel):
    """The address of a list."""

    state: str = QUEUE
    partner: str = ""
    customer: str = ""
    meter: str = ""
    q: str = ""
    mine: str = ""
    after: str = ""

    def wanted(self, view: View) -> Wanted:
        return Wanted(
            state=self.state if self.state in STATES else QUEUE,
            partner_id=self.partner or None,
            customer_id=self.customer or None,
            meter=self.meter or None,
            mine=view.user.name if self.mine else None,
            found=_found(view, self.q.strip().casefold()) if self.q.strip() else None,
        )

    @property
    def query(self) -> dict[str, str]:
        """What of them is set, but for the page."""
        set_ = {name: str(getattr(self, name)) for name in Filters.model_fields if name != "after"}
        return {name: value for name, value in set_.items() if value and (name, value) != ("state", QUEUE)}


class Decision(Filters):
    """Alerts that were picked in a list, and what becomes of them. back: the one on whose page it was undone."""

    alert: list[str] = []
    verdict: str = ""
    note: str = ""
    back: str = ""


@router.get("/")
def queue(request: Request, view: See, filters: Annotated[Filters, Query()]) -> Response:
    """The list, or only the part of the page with it."""
    part = request.headers.get("hx-request") and not request.headers.get("hx-history-restore-request")
    done = None if part else just_done(request)
    return page(request, "queue_found.html" if part else "queue.html", **_shown(view, filters), done=done)


@router.get("/line")
def line(request: Request, view: See) -> Response:
    """The line at the top, as it is now."""
    return page(request, "line.html", **_line(view))


@router.post("/verdict", dependencies=[needs("reviewer")])
def verdict(request: Request, form: Annotated[Decision, Form()]) -> Response:
    """The verdict holds for all that were picked and those that stand with them, or for none."""
    with looking(request) as view:
        picked = view.known(form.alert)
        if not form.wanted(view).narrowed:
            picked += [one.alert_id for mine in view.below(picked).values() for one in mine]
    if not picked:
        return _done(request, form, told("Nothing is selected."))
    user, house = request.state.user, request.app.state.house
    changed = house.decide(list(dict.fromkeys(picked)), form.verdict, user.name, form.note.strip(), house.now())
    return _done(request, form, told(state=VERDICTS[form.verdict], ids=[one.alert_id for one in changed]))


@router.post("/undo", dependencies=[needs("reviewer")])
def undo(request: Request, form: Annotated[Decision, Form()]) -> Response:
    """Take back one's own verdicts, each the latest of its alert."""
    with looking(request) as view:
        picked = view.known(form.alert)
    house = request.app.state.house
    house.undo(picked, request.state.user.name, house.now())
    if form.back in picked:
        return go(request, f"/alerts/{form.back}", told("Undone."))
    return _done(request, form, told("Undone."))


def _done(request: Request, filters: Filters, done: dict[str, Any]) -> Response:
    """The list after an act, with what was done; without scripts by way of its address."""
    if not request.headers.get("hx-request"):
        return go(request, f"/?{urlencode(filters.query)}", done)
    with looking(request) as view:
        return page(request, "queue_done.html", **_shown(view, filters), done=done)


def _shown(view: View, filters: Filters) -> dict[str, Any]:
    wanted = filters.wanted(view)
    found = view.alerts(wanted, PAGE + 1, filters.after or None)
    shown = found[:PAGE]
    return {
        **_line(view),
        "filters": filters,
        "states": STATES,
        "partners": sorted(view.book.partners.values(), key=lambda one: one.name),
        "customers": _customers(view, filters.partner),
        "meters": _meters(view),
        "rows": rows(view, shown, grouped=wanted.state == QUEUE and not wanted.narrowed),
        "next": shown[-1].alert_id if len(found) > PAGE else "",
        "count": len(found) if len(found) <= PAGE and not filters.after else view.count(wanted, COUNTED),
        "most": COUNTED,
    }


def _line(view: View) -> dict[str, Any]:
    return {"line": standing_line(view), "at": view.at}


def _customers(view: View, partner_id: str) -> Sequence[Any]:
    book = view.book
    some = book.customers_of.get(partner_id, ()) if partner_id else list(book.customers.values())
    return sorted(some, key=lambda one: one.name) if len(some) <= CHOICES else ()


def _meters(view: View) -> list[Meter]:
    return sorted(view.house.catalog.meters.values(), key=lambda meter: meter.name)


def _found(view: View, text: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """What has these letters in its name or is of this id: (alerts, customers, orgs, meters)."""
    book = view.book
    partners = {p.partner_id for p in book.partners.values() if text in p.name.casefold()}
    return (
        [text],
        [
            one.customer_id
            for one in book.customers.values()
            if text in one.name.casefold() or one.partner_id in partners or text == one.customer_id.casefold()
        ],
        [one.org_id for one in book.orgs.values() if text in one.name.casefold() or text == one.org_id.casefold()],
        [meter.meter for meter in _meters(view) if text in meter.name.casefold() or text == meter.meter],
    )
