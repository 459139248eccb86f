"""The API as a web application of its own: tokens instead of sessions, problems instead of pages."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from alerts.console.api import alerts, books, tickets
from alerts.console.api.shapes import Problem
from alerts.console.house import House
from billing.errors import FaultyError, WorldError

PATH = "/api/v1"
PROBLEMS = {
    401: "Without a token that holds.",
    403: "The token has not the scope.",
    404: "There is nothing of this name that the token may see.",
    409: "It makes no sense as things stand.",
    413: "The body is too large.",
    422: "A value makes no sense.",
    503: "The store does not answer.",
}
TOLD = {"application/problem+json": {"schema": Problem.model_json_schema()}}
PROBLEM: dict[int | str, dict[str, object]] = {
    code: {"description": what, "content": TOLD} for code, what in PROBLEMS.items()
}


def create(house: House) -> FastAPI:
    """The API on a house. Its OpenAPI document is at /openapi.json, for everybody."""
    app = FastAPI(
        title="Floodmark",
        version="1",
        description="Alerts, tickets, bills and customers. Amounts and quantities are strings of exact decimals; "
        "times are ISO 8601 UTC ending in Z.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # its address would be made from what the request calls us
        responses=PROBLEM,
    )
    app.state.house = house
    for module in (alerts, tickets, books):
        app.include_router(module.router)
    for kind in (HTTPException, RequestValidationError, FaultyError, WorldError, Exception):
        app.add_exception_handler(kind, problem)
    return app


def problem(_: Request, error: Exception) -> JSONResponse:
    """What went wrong, for a program and for who reads its log."""
    status, detail = _told(error)
    title = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(document, status, getattr(error, "headers", None), "application/problem+json")


def _told(error: Exception) -> tuple[int, str]:
    if isinstance(error, HTTPException):
        return error.status_code, PROBLEMS[404] if error.status_code == 404 else str(error.detail)
    if isinstance(error, RequestValidationError):
        return 422, "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    if isinstance(error, FaultyError):
        return 409, "; ".join(fault.what for fault in error.faults)
    if isinstance(error, WorldError):
        return 503, "The store or the lake does not answer; try again."
    return 500, "Something broke here. It is in the console's log."
