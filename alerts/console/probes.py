"""What machines ask the console: whether the watch is kept, and figures for Prometheus."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from alerts.console import metrics
from alerts.console.api.bearer import Given, user_of
from alerts.console.house import House
from alerts.health import ailments
from billing.database import reading
from billing.errors import WorldError

router = APIRouter(include_in_schema=False)
METRICS = "/metrics"


@router.get("/healthz")
def healthz(request: Request) -> Response:
    """200 while the watch is kept, else 503 with the reasons. Anybody may ask: they name nobody."""
    house: House = request.app.state.house
    try:
        with reading(house.engine) as connection:
            reasons = list(ailments(connection, house.now()))
    except WorldError:
        reasons = ["the store does not answer"]
    return JSONResponse({"status": "ill" if reasons else "ok", "reasons": reasons}, 503 if reasons else 200)


@router.get(METRICS)
def figures(request: Request, given: Given) -> Response:
    """For Prometheus, which brings a token with the scope read, as `authorization: credentials`."""
    house: House = request.app.state.house
    user_of(house, given, "read", whole=True)
    with reading(house.engine) as connection:
        return Response(metrics.exposition(connection, house.now()), media_type=metrics.TYPE)
