"""No secret of the settings is ever seen again: not in what is printed, logged, stored, written or sent."""

import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from pydantic import BaseModel, SecretStr

from billing.hours import HOUR
from flows.settings import KEYS, Settings
from tests.billing.vendor_server import Vendor
from tests.flows.command import Done, Workspace
from tests.flows.storms import STORM, clock

CANARY = "c4n4ry"
OPENS = clock(STORM + 25 * HOUR)


def secrets(model: type[BaseModel], *path: str) -> Iterator[tuple[str, ...]]:
    """The path of every secret of the settings, however deep, new ones included."""
    for name, field in model.model_fields.items():
        if _holds(field.annotation, SecretStr):
            yield (*path, name)
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from secrets(field.annotation, *path, name)


def _holds(annotation: Any, wanted: type) -> bool:
    return annotation is wanted or any(_holds(part, wanted) for part in get_args(annotation))


class Echo:
    """A mail server on loopback that takes no password and says back, in every shape, what it was sent."""

    def __enter__(self) -> "Echo":
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client, client.makefile("rwb") as lines:
                self._talk(lines)

    def _talk(self, lines: Any) -> None:
        lines.write(b"220 echo\r\n")
        lines.flush()
        while said := lines.readline():
            if said.upper().startswith(b"EHLO"):
                lines.write(b"250-echo\r\n250 AUTH PLAIN LOGIN\r\n")
            else:
                lines.write(b"535 " + said.strip() + b" " + CANARY.encode() + b"\r\n")
            lines.flush()


def planted(mail_port: int) -> dict[tuple[str, ...], str]:
    """A canary for every secret, in a form that its setting takes."""
    forms = {
        ("mail", "url"): f"smtp://user:{CANARY}@127.0.0.1:{mail_port}",
        ("mailbox", "url"): f"imaps://user:{CANARY}@127.0.0.1:1/INBOX",
        ("webhook", "url"): f"https://127.0.0.1:1/{CANARY}",
        ("webhook", "secrets"): f"whsec_{CANARY}{'A' * 37}=",
        ("audit", "dead_man_url"): f"https://127.0.0.1:1/{CANARY}",
        ("pings", "urls"): f"json://user:{CANARY}@127.0.0.1:1/{CANARY}",
    }
    return {path: forms.get(path, f"{CANARY}{'-'.join(path)}") for path in secrets(Settings)}


def environment(values: Mapping[tuple[str, ...], str]) -> dict[str, str]:
    keys = {("datadog", "api_key"): KEYS[0], ("datadog", "app_key"): KEYS[1]}
    return {keys.get(path, f"FLOODMARK_{path[0].upper()}__{path[1].upper()}"): value for path, value in values.items()}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that anybody logs, to the last detail."""
    loggers = [
        logging.getLogger(name) for name in ("", "httpx", "httpcore", "urllib3", "sqlalchemy", "datadog_api_client")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        yield caplog
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def seen(workspace: Workspace, done: list[Done], logged: pytest.LogCaptureFixture) -> dict[str, bytes]:
    """All that a person or a program could look at afterwards."""
    logs = "\n".join([*logged.messages, logged.text, *(repr(record.args) for record in logged.records)])
    printed = {f"command {i}": f"{one.out}{one.err}".encode() for i, one in enumerate(done)}
    return {**workspace.files(), **printed, "logs": logs.encode()}


def test_every_secret_of_the_settings_has_a_canary() -> None:
    assert {("mail", "url"), ("datadog", "api_key"), ("datadog", "app_key")} <= set(planted(25))
    named = [
        (section, key)
        for section, field in Settings.model_fields.items()
        for key in getattr(field.annotation, "model_fields", {})
        if any(word in key for word in ("key", "token", "password", "secret"))
    ]
    assert set(named) <= set(planted(25)), "a setting that is named like a secret is a SecretStr"


def test_no_secret_is_seen_again(stormy: Workspace, logged: pytest.LogCaptureFixture) -> None:
    with Vendor([]) as vendor, Echo() as echo:
        vendor.script += ["echo"] * 20
        values = planted(echo.port)
        env = environment(values) | {
            "FLOODMARK_TICKETS__SINK": "smtp",
            "FLOODMARK_DATADOG__API_URL": vendor.url,
            "FLOODMARK_OUTGOING__ALLOW": "127.0.0.1",
        }
        folder = stormy.path / "made"
        folder.mkdir()
        steps = [
            ("check",),
            ("check", "--json"),
            *(("run", "--at", clock(STORM + hours * HOUR)) for hours in (1, 12, 25)),
            ("alerts", "--json"),
            ("tickets", "--json"),
            ("tickets",),
            ("digest", "--at", OPENS, "--out", folder),
            ("bill", "2026-11", "--csv", folder / "bill.csv", "--at", OPENS),
            ("export", "focus", "2026-11", folder / "focus.csv", "--at", OPENS),
        ]
        done = [stormy.call(*step, **env) for step in steps]
    assert {one.code for one in done} == {0, 3}
    tried = next(one for one in done if "mail server" in one.err)
    assert "refused the user and password: 535" in tried.err
    found = seen(stormy, done, logged)
    assert len(found["logs"]) > 10_000
    assert not [name for name, content in found.items() if CANARY.encode() in content]


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://user:{CANARY}@127.0.0.1:1/floodmark",
        f"postgresql+psycopg://user:{CANARY}@127.0.0.1:port/floodmark",
        f"mystery://user:{CANARY}@127.0.0.1/floodmark",
        f"postgresql+psycopg:/user:{CANARY}",
    ],
)
def test_a_database_that_cannot_be_reached_is_named_without_its_password(
    stormy: Workspace, logged: pytest.LogCaptureFixture, url: str
) -> None:
    done = [stormy.call(command, FLOODMARK_STORE__DATABASE=url) for command in ("check", "run", "tickets")]
    assert {one.code for one in done} <= {2, 3}
    assert not [name for name, content in seen(stormy, done, logged).items() if CANARY.encode() in content]


def test_settings_that_are_wrong_are_named_without_their_value(stormy: Workspace) -> None:
    for path in secrets(Settings):
        done = stormy.call("check", **environment({path: f"\0\n{CANARY}:::[\u2028".replace("\0", "")}))
        assert CANARY not in done.out + done.err


def test_values_in_a_failing_statement_are_not_shown(stormy: Workspace, logged: pytest.LogCaptureFixture) -> None:
    import sqlite3

    with sqlite3.connect(stormy.path / "floodmark.db") as database:
        database.execute("DROP TABLE quarantine")
    usage = stormy.path / "usage.csv"
    usage.write_text(f"org_id,product_family,usage_type,hour,quantity\n{CANARY},f,t,x,1\n")
    done = stormy.call("ingest", "files", usage)
    usage.unlink()
    assert done.code == 3
    assert not [name for name, content in seen(stormy, [done], logged).items() if CANARY.encode() in content]
