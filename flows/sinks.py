"""The table of sinks: by the name in `tickets.sink`, what makes one of the settings."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from alerts.outbox import Sink
from alerts.pings import Ping
from alerts.sinks.eml import Eml
from alerts.sinks.jsm import Jsm
from alerts.sinks.outgoing import Outgoing
from alerts.sinks.smtp import Smtp
from alerts.sinks.webhook import Webhook
from alerts.sinks.zendesk import Zendesk
from flows.receivers import REQUIRED
from flows.settings import Settings

PING = "ping-"  # and the number of the URL: each is told, and tried again, by itself


def sinks(workspace: Path, settings: Settings) -> dict[str, Sink]:
    """Every sink of which the settings say all it needs, by its name; and each of those that wake a person."""
    made = {name: make(workspace, settings) for name, make in SINKS.items() if _is_set_up(name, settings)}
    urls = enumerate(settings.pings.urls, start=1)
    return made | {f"{PING}{number}": Ping(number, url.get_secret_value()) for number, url in urls}


def outgoing(settings: Settings) -> Outgoing:
    """How a workspace speaks to URLs that a person set."""
    return Outgoing(settings.outgoing.allow)


def _is_set_up(name: str, settings: Settings) -> bool:
    keys = [key.split(".") for key in REQUIRED.get(name, ())]
    return all(getattr(getattr(settings, section), key) for section, key in keys)


def _eml(workspace: Path, settings: Settings) -> Sink:  # noqa: ARG001  the shape of a row
    return Eml(workspace / "outbox")


def _smtp(workspace: Path, settings: Settings) -> Sink:  # noqa: ARG001
    return Smtp(settings.mail.url.get_secret_value())


def _zendesk(workspace: Path, settings: Settings) -> Sink:  # noqa: ARG001
    desk = settings.zendesk
    return Zendesk(desk.url, desk.email, desk.token.get_secret_value(), outgoing(settings))


def _jsm(workspace: Path, settings: Settings) -> Sink:  # noqa: ARG001
    desk = settings.jsm
    token = desk.token.get_secret_value()
    return Jsm(desk.url, desk.email, token, desk.service_desk, desk.request_type, outgoing(settings))


def _webhook(workspace: Path, settings: Settings) -> Sink:  # noqa: ARG001
    secrets = [secret.get_secret_value() for secret in settings.webhook.secrets]
    return Webhook(settings.webhook.url.get_secret_value(), secrets, outgoing(settings), lambda: datetime.now(UTC))


SINKS: Mapping[str, Callable[[Path, Settings], Sink]] = {
    "eml": _eml,
    "smtp": _smtp,
    "zendesk": _zendesk,
    "jsm": _jsm,
    "webhook": _webhook,
}
