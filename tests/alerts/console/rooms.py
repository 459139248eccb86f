"""A console over a real store: two partners with a storm each, judged once; and who looks at it."""

import re
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.types import ASGIApp

from alerts import store
from alerts.alert import Alert
from alerts.console.app import create
from alerts.console.house import House
from alerts.console.mails import READ_ON
from alerts.console.token_door import TokenDoor
from alerts.console.users import User
from alerts.ticket import Ticket
from billing.database import reading
from flows.console import house
from flows.cycle import run
from flows.wiring import App, open_app
from tests.billing.worlds import World
from tests.flows.small import END, small_workspace, small_world

TOKEN = "t" * 43
ADMIN = User("kim", "admin")
BASE = "http://127.0.0.1:8787"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def two_partners(**names: str) -> World:
    """The small world twice: p1, c1, o1 and p2, c2, o2."""
    world = small_world()
    again = small_world()
    for rows in (again.partners, again.customers, again.orgs, again.contracts):
        for row in rows:
            row.update({key: re.sub(r"^([pcok])1", r"\g<1>2", value) for key, value in row.items()})
    for row in again.usage:
        row["org_id"] = "o2"
    again.partners[0]["name"], again.customers[0]["name"], again.orgs[0]["name"] = "Second", "Buyer two", "Org two"
    for kind in ("partners", "customers", "orgs", "contracts", "usage"):
        setattr(world, kind, [*getattr(world, kind), *getattr(again, kind)])
    for kind, name in names.items():
        getattr(world, kind)[0]["name"] = name
    return world


def judged(directory: Path, world: World | None = None) -> Path:
    """A workspace of two partners after one cycle."""
    app = small_workspace(directory, world or two_partners())
    run(app, END, END)
    app.engine.dispose()
    return directory


@dataclass
class Room:
    """The console of one workspace."""

    app: App
    house: House

    @classmethod
    def over(cls, app: App, at: datetime) -> "Room":
        return cls(app, house(app, lambda: at))

    @classmethod
    def of(cls, directory: Path, at: datetime = END) -> "Room":
        return cls.over(open_app(directory, {}), at)

    @classmethod
    def copied(cls, source: Path, target: Path, at: datetime = END) -> "Room":
        shutil.copytree(source, target)
        return cls.of(target, at)

    def application(self, user: User = ADMIN) -> ASGIApp:
        return create(self.house, TokenDoor(TOKEN, user))

    def visitor(self, user: User = ADMIN) -> "Visitor":
        """Somebody who has signed in."""
        client = TestClient(self.application(user), base_url=BASE, raise_server_exceptions=False)
        assert client.get("/login", params={"token": TOKEN}).status_code == 200
        return Visitor(client)

    def alerts(self) -> list[Alert]:
        with reading(self.app.engine) as connection:
            return store.alerts(connection)

    def alert(self, alert_id: str) -> Alert:
        return next(one for one in self.alerts() if one.alert_id == alert_id)

    def tickets(self) -> list[Ticket]:
        with reading(self.app.engine) as connection:
            return store.tickets(connection)

    def of_org(self, org_id: str) -> Alert:
        """Its alert with the highest stake, of those that were found."""
        mine = [a for a in self.alerts() if a.org_id == org_id and a.stake and not a.alert_id.startswith("al_copy")]
        return max(mine, key=lambda one: one.stake.amount if one.stake else 0)

    def at(self, at: datetime) -> "Room":
        return Room(self.app, replace(self.house, now=lambda: at))


@dataclass
class Visitor:
    client: TestClient

    def csrf(self) -> str:
        found = CSRF.search(self.client.get("/").text)
        assert found
        return found[1]

    def post(self, path: str, **fields: object) -> object:
        return self.client.post(path, data={"csrf": self.csrf(), **fields})


def very_mail(frame: Response) -> str:
    """The HTML of a mail as it was sent, from what a frame shows."""
    return frame.text.replace(READ_ON, "<body", 1)


def routes(application: ASGIApp) -> dict[str, dict[str, object]]:
    """path -> methods of everything there is, as OpenAPI has it."""
    inner = application.app  # type: ignore[attr-defined]
    assert isinstance(inner, FastAPI)
    return dict(inner.openapi()["paths"])
