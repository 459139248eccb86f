"""The console of a house with two partners, each with an alert and a ticket; and its addresses, from its own routes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fastapi import APIRouter, FastAPI, Request
from starlette.testclient import TestClient

from alerts import answer_store, outbox, store, tokens
from alerts.answers import Said
from alerts.console.api.app import PATH
from alerts.console.app import create
from alerts.console.headers import Headed
from alerts.console.users import User
from billing.database import reading, transaction
from billing.hours import HOUR
from flows import answers
from flows.console import house
from flows.cycle import run
from flows.wiring import App
from tests.billing.worlds import World
from tests.flows.small import END, small_workspace, small_world

NOW = END + 25 * HOUR
"""The clock: the alerts' tickets are open, their letters written."""
ORIGIN = "http://127.0.0.1:8787"
OTHERS_NAMES = ("Zebra Partner", "Zebra Customer", "Zebra Org")


PLAIN = {"month": "2026-11", "number": "0"}
"""What says nothing of whose it is."""


@dataclass(frozen=True)
class Ids:
    """What belongs to one partner, by the name of a parameter."""

    of: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.of[name]


@dataclass(frozen=True)
class Route:
    """An operation of the console or its API. parameters: (name, path or query)."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    body: dict[str, Any] | None  # its schema, references resolved
    is_json: bool

    @property
    def is_api(self) -> bool:
        return self.path.startswith(PATH)

    @property
    def in_path(self) -> list[str]:
        return [name for name, place in self.parameters if place == "path"]

    @property
    def in_query(self) -> list[str]:
        return [name for name, place in self.parameters if place == "query"]


class OpenDoor:
    """Everybody who comes is this user."""

    def __init__(self, user: User) -> None:
        self._user, self.router = user, APIRouter()

    def user(self, request: Request) -> User:
        return self._user


def two_worlds() -> World:
    """The small world, and the same once more for another partner."""
    one, two = small_world(), small_world()
    second = {"p1": "p-two", "c1": "c-two", "o1": "o-two", "k1": "k-two", "p1@partner.example": "zebra@p2.example"}
    second |= {"Partner": OTHERS_NAMES[0], "Customer": OTHERS_NAMES[1], "Org": OTHERS_NAMES[2]}
    for name in ("partners", "customers", "orgs", "contracts", "usage"):
        rows = [{key: second.get(value, value) for key, value in row.items()} for row in getattr(two, name)]
        getattr(one, name).extend(rows)
    return one


def two_partners(directory: Path, database: str = "") -> App:
    """database: its URL; without one it is SQLite in the workspace."""
    app = small_workspace(directory, two_worlds(), {"FLOODMARK_STORE__DATABASE": database} if database else None)
    run(app, END, END)
    run(app, NOW, NOW)
    with reading(app.engine) as connection:
        there = [ticket.ticket_id for ticket in store.tickets(connection)]
    for ticket_id in there:
        proof = "case.txt", f"the case of {ticket_id}".encode()
        answers.give(app, ticket_id, Said("acknowledged"), [proof], "lee", NOW)
    return app


def ids(app: App, partner_id: str) -> Ids:
    """One of everything the partner has, by the names of parameters and of fields of forms."""
    with reading(app.engine) as connection:
        book = app.book(connection)
        [customer] = book.customers_of[partner_id]
        [org] = book.orgs_of[customer.customer_id]
        [alert] = [one for one in store.alerts(connection) if one.org_id == org.org_id]
        [ticket] = [one for one in store.tickets(connection) if one.customer_id == customer.customer_id]
        [answer] = answer_store.answers_to(connection, ticket.ticket_id)
        [key] = [one.key for one in outbox.all_deliveries(connection) if one.ticket_id == ticket.ticket_id]
    found = {
        "partner_id": partner_id,
        "customer_id": customer.customer_id,
        "org_id": org.org_id,
        "alert_id": alert.alert_id,
        "ticket_id": ticket.ticket_id,
        "key": key,
        "sha256": answer.proofs[0].sha256,
    }
    return Ids(found | {name.removesuffix("_id"): value for name, value in found.items()} | PLAIN)


def client(app: App, user: User) -> TestClient:
    """A browser in which the user has signed in."""
    return TestClient(create(house(app, lambda: NOW), OpenDoor(user)), base_url=ORIGIN, follow_redirects=False)


def bearer(app: App, *scopes: str, partner_id: str | None = None) -> dict[str, str]:
    """The header of a new token."""
    with transaction(app.engine) as connection:
        _, secret = tokens.make(connection, "test", scopes, "me", NOW, partner_id=partner_id)
    return {"Authorization": f"Bearer {secret}"}


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def routes() -> list[Route]:
    """Every operation of the console and its API, as the routes of the app itself tell."""
    app = cast(FastAPI, cast(Headed, create(cast(Any, None), OpenDoor(User("nobody", "viewer")))).app)
    [mounted] = [route for route in app.routes if getattr(route, "path", "") == PATH]
    return [*_operations(app, ""), *_operations(cast(Any, mounted).app, PATH)]


def _operations(app: FastAPI, prefix: str) -> Iterator[Route]:
    document = app.openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parameters = tuple((one["name"], one["in"]) for one in operation.get("parameters", ()))
            content = operation.get("requestBody", {}).get("content", {})
            schema = _resolved(document, next(iter(content.values()))["schema"]) if content else None
            is_json = "application/json" in content
            yield Route(method.upper(), prefix + path, parameters, schema, is_json)


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    return document["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def address(route: Route, known: Ids) -> str:
    """The route's path with these ids. A parameter that is new here fails: say what another partner's would be."""
    return route.path.format(**{name: known[name] for name in route.in_path})


def body(route: Route, known: Ids) -> dict[str, Any]:
    """Something for every field of the route's body: an id where it is one, else what makes sense of its type."""
    words = {"verdict": "confirm", "what": "acknowledged", "note": "x", "currency": "USD", "amount": "1.00"}
    words |= {"words": "Dear desk.", "version": "0.x"}
    found: dict[str, Any] = {}
    for name, schema in (route.body or {"properties": {}})["properties"].items():
        if name in known.of or name in words:
            found[name] = known.of.get(name) or words[name]
        elif schema.get("type") == "boolean":
            found[name] = False
    if found.get("what") == "acknowledged":  # an amount goes with a grant alone
        found = {name: value for name, value in found.items() if name not in ("amount", "currency")}
    return found
