"""The table of sinks: by the name in `tickets.sink`, what makes one of the settings; None where they name none."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from alerts.outbox import Sink
from alerts.sinks.eml import Eml
from alerts.sinks.jsm import Jsm
from alerts.sinks.outgoing import Outgoing
from alerts.sinks.smtp import Smtp
from alerts.sinks.webhook import Webhook
from alerts.sinks.zendesk import Zendesk
from flows.settings import Settings


def sinks(workspace: Path, settings: Settings) -> dict[str, Sink]:
    """Every sink that is set up, by its name."""
    made = {name: make(workspace, settings) for name, make in SINKS.items()}
    return {name: sink for name, sink in made.items() if sink}


def outgoing(settings: Settings) -> Outgoing:
    """How a workspace speaks to URLs that a person set."""
    return Outgoing(settings.outgoing.allow)


def _eml(workspace: Path, settings: Settings) -> Sink | None:  # noqa: ARG001  the shape of the row
    return Eml(workspace / "outbox")


def _smtp(workspace: Path, settings: Settings) -> Sink | None:  # noqa: ARG001
    url = settings.mail.url.get_secret_value()
    return Smtp(url) if url else None


def _zendesk(workspace: Path, settings: Settings) -> Sink | None:  # noqa: ARG001
    desk = settings.zendesk
    token = desk.token.get_secret_value()
    return Zendesk(desk.url, desk.email, token, outgoing(settings)) if desk.url and token else None


def _jsm(workspace: Path, settings: Settings) -> Sink | None:  # noqa: ARG001
    desk = settings.jsm
    token = desk.token.get_secret_value()
    if not desk.url or not token:
        return None
    return Jsm(desk.url, desk.email, token, desk.service_desk, desk.request_type, outgoing(settings))


def _webhook(workspace: Path, settings: Settings) -> Sink | None:  # noqa: ARG001
    url, secrets = settings.webhook.url.get_secret_value(), settings.webhook.secrets
    if not url or not secrets:
        return None
    keys = [secret.get_secret_value() for secret in secrets]
    return Webhook(url, keys, outgoing(settings), lambda: datetime.now(UTC))


SINKS: Mapping[str, Callable[[Path, Settings], Sink | None]] = {
    "eml": _eml,
    "smtp": _smtp,
    "zendesk": _zendesk,
    "jsm": _jsm,
    "webhook": _webhook,
}
