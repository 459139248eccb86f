"""Alerts of the API: read in pages, one by one with their history, and decided."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import select

from alerts import journal, store, tables
from alerts.alert import Alert
from alerts.console.api.bearer import Reads, Reviews
from alerts.console.api.paging import page_of
from alerts.console.api.shapes import After, AlertDocument, AlertPage, ById, Most, Moved, Named, Verdict
from alerts.console.view import View, view_of
from alerts.documents import alert_document
from alerts.snooze import awake
from billing.hours import iso

router = APIRouter(tags=["alerts"])


@router.get("/alerts", responses={200: {"model": AlertPage}})
def alerts(
    view: Reads,
    partner_id: Named = None,
    customer_id: Named = None,
    org_id: Named = None,
    meter: Named = None,
    state: Named = None,
    after: After = None,
    limit: Most = 100,
) -> dict[str, Any]:
    """Alerts by id. A change while pages are read neither repeats nor leaves out one that was there."""
    wanted = {"partner_id": partner_id, "customer_id": customer_id, "org_id": org_id, "meter": meter, "state": state}
    if org_id:
        view.of_org(org_id)
    key = tables.alerts.c.alert_id
    ids = view.connection.scalars(page_of(view, select(key), key, wanted, after, limit)).all()
    shown = _documents(view, ids[:limit])
    return {"alerts": shown, "next": ids[limit - 1] if len(ids) > limit else None}


@router.get("/alerts/{alert_id}", responses={200: {"model": AlertDocument}})
def alert(view: Reads, alert_id: ById) -> dict[str, Any]:
    """One alert."""
    return _document(view, alert_id)


@router.get("/alerts/{alert_id}/history", responses={200: {"model": list[Moved]}})
def history(view: Reads, alert_id: ById) -> list[dict[str, Any]]:
    """Every change of it, oldest first."""
    moves = journal.of(view.connection, view.alert(alert_id).alert_id)
    return [{"at": iso(one.at), "was": one.was, "now": one.now, "who": one.who, "why": one.why} for one in moves]


@router.post("/alerts/{alert_id}/verdicts", status_code=201, responses={201: {"model": AlertDocument}})
def decide(request: Request, user: Reviews, alert_id: ById, said: Verdict) -> dict[str, Any]:
    """Decide it. The verdict is recorded when this returns; it takes effect with the next cycle."""
    house = request.app.state.house
    with view_of(house, user) as view:
        ids = [view.alert(alert_id).alert_id]
        if said.below:
            ids += [one.alert_id for one in store.below(view.connection, alert_id) if view.shows(one)]
    house.decide(ids, said.verdict, user.name, said.note.strip(), house.now())
    with view_of(house, user) as view:
        return _document(view, alert_id)


def _document(view: View, alert_id: str) -> dict[str, Any]:
    return _documents(view, [view.alert(alert_id).alert_id])[0]


def _documents(view: View, alert_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The contract's documents of those that the user may see, by id, each with its place in the queue as the last
    cycle or verdict left it."""
    connection, columns = view.connection, tables.alerts.c
    found = [one for one in store.alerts_by(connection, columns.alert_id.in_(alert_ids)) if view.shows(one)]
    query = select(columns.alert_id, columns.place).where(columns.alert_id.in_(alert_ids), columns.place < tables.LAST)
    places = dict(connection.execute(query).tuples().all())
    under: dict[str | None, list[Alert]] = {}
    for one in store.alerts_by(connection, columns.above.in_(alert_ids)):
        if view.shows(one):
            under.setdefault(one.above, []).append(one)
    tops = view.seen({one.above for one in found if one.above})
    found = [one if one.above in tops else replace(one, above=None) for one in awake(found, view.at)]
    return [alert_document(one, places.get(one.alert_id), under.get(one.alert_id, ())) for one in found]
