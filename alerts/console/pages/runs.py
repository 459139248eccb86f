"""Runs and health: the last cycles, how complete usage is, and what was refused or is not understood."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup
from sqlalchemy import func, select

from alerts import cycles
from alerts.completeness import Told, heat_map, told
from alerts.console.paper import page
from alerts.console.readers import tongue
from alerts.console.tongue import Tongue
from alerts.console.view import See, View
from alerts.health import ailments
from alerts.tables import quarantine
from billing import statement
from billing.grid import Grid
from billing.hours import DAY, floor_hour

router = APIRouter()
WEEK = 7 * DAY
ORGS, CYCLES, ROWS = 40, 24, 50


@router.get("/runs")
def runs(request: Request, view: See, first: Annotated[int, Query(ge=0, le=10**6)] = 0) -> Response:
    """`first`: how many orgs the pages before have shown."""
    whole = view.user.partner_id is None
    values = _usage(view, first, tongue(request)) | (_house(view) if whole else {})
    return page(request, "runs.html", whole=whole, at=view.at, first=first, **values)


def _usage(view: View, first: int, tongue: Tongue) -> dict[str, Any]:
    """How complete the last week's usage of the user's orgs is, and what of it is on no meter."""
    end = floor_hour(view.at)
    usage, book = view.house.usage(end - WEEK, end), view.book
    grid = Grid.of(usage, view.house.catalog, end - WEEK, end, {org_id: org_id for org_id in book.orgs})
    orgs = told(grid, book.orgs)
    shown = orgs[first : first + ORGS]
    names = {one.org_id: book.orgs[one.org_id].name for one in shown}
    return {
        "orgs": [(one, book.orgs[one.org_id], book.customers[book.orgs[one.org_id].customer_id]) for one in shown],
        "picture": _picture(shown, names, tongue) if shown else "",
        "count": len(orgs),
        "before": f"first={max(0, first - ORGS)}" if first else "",
        "next": f"first={first + ORGS}" if first + ORGS < len(orgs) else "",
        "unknown": statement.unknown_products(view.house.catalog, usage, book),
        "unassigned": statement.unassigned(book, usage) if view.user.partner_id is None else [],
    }


def _picture(orgs: Sequence[Told], names: dict[str, str], tongue: Tongue) -> Markup:
    """Drawn by us, the names escaped."""
    return Markup(heat_map(orgs, names, tongue.say, tongue.language.short))  # noqa: S704


def _house(view: View) -> dict[str, Any]:
    """What concerns the whole house and no partner."""
    connection = view.connection
    refused = select(quarantine).order_by(quarantine.c.seen_at.desc(), quarantine.c.id).limit(ROWS)
    last = cycles.latest(connection, CYCLES)
    return {
        "ailments": list(ailments(connection, view.at)),
        "cycles": last,
        "concerns": last[0].concerns if last else [],
        "refused": connection.execute(refused).mappings().all(),
        "refusals": connection.scalar(select(func.count()).select_from(quarantine)),
    }
