"""Settings of who is told and how they answer: mail, desks, people to call, hosts that may be in-house."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from alerts.mailbox.place import mailbox
from alerts.sinks.outgoing import place
from alerts.sinks.smtp import Smtp
from alerts.sinks.webhook import signing_key
from flows.section import Section, address, sentence

REQUIRED = {
    "smtp": ("mail.url",),
    "zendesk": ("zendesk.url", "zendesk.email", "zendesk.token"),
    "jsm": ("jsm.url", "jsm.email", "jsm.token", "jsm.service_desk", "jsm.request_type"),
    "webhook": ("webhook.url", "webhook.secrets"),
}
"""By sink of `tickets.sink`: the keys without which it cannot work."""
_SECRET = re.compile(r"[!-~]*")
_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:]+")


class Mail(Section):
    url: SecretStr = SecretStr("")
    sender: str = "floodmark@localhost.localdomain"
    reviewers: tuple[str, ...] = ()

    @field_validator("url")
    @classmethod
    def _url(cls, value: SecretStr) -> SecretStr:
        try:
            if value:
                Smtp(value.get_secret_value())
        except ValueError as error:
            raise sentence(error) from error
        return value

    @field_validator("sender")
    @classmethod
    def _sender(cls, value: str) -> str:
        return address(value)

    @field_validator("reviewers")
    @classmethod
    def _reviewers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(address, value))


class Mailbox(Section):
    url: SecretStr = SecretStr("")

    @field_validator("url")
    @classmethod
    def _url(cls, value: SecretStr) -> SecretStr:
        try:
            if value:
                mailbox(value.get_secret_value(), Path())
        except ValueError as error:
            raise sentence(error) from error
        return value


class _Desk(Section):
    """A desk that is spoken to by its own API, as one of its users."""

    url: str = ""
    email: str = ""
    token: SecretStr = SecretStr("")

    @field_validator("email")
    @classmethod
    def _email(cls, value: str) -> str:
        return address(value) if value else value

    @field_validator("token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        if not _SECRET.fullmatch(value.get_secret_value()):
            raise PydanticCustomError("token", "a token is one word of ASCII characters")
        return value


class Zendesk(_Desk):
    """`url`: https://NAME.zendesk.com."""


class Jsm(_Desk):
    """`url`: https://NAME.atlassian.net. `service_desk`, `request_type`: their numbers."""

    service_desk: str = Field(default="", pattern=r"^[0-9]*$")
    request_type: str = Field(default="", pattern=r"^[0-9]*$")


class Webhook(Section):
    url: SecretStr = SecretStr("")
    secrets: tuple[SecretStr, ...] = Field(default=(), max_length=2)

    @field_validator("secrets")
    @classmethod
    def _secrets(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        try:
            for secret in value:
                signing_key(secret.get_secret_value())
        except ValueError as error:
            raise sentence(error) from None
        return value


class Pings(Section):
    """`urls`: of Apprise, such as slack://..., mailto://..., ntfy://... ."""

    urls: tuple[SecretStr, ...] = ()


class Audit(Section):
    """`dead_man_url`: asked for at the end of every cycle that found nothing wrong."""

    dead_man_url: SecretStr = SecretStr("")


class Outgoing(Section):
    """`allow`: hosts that need not be of the open internet and may be spoken to without TLS."""

    allow: tuple[str, ...] = ()

    @field_validator("allow")
    @classmethod
    def _allow(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not _HOST.fullmatch(host):
                what = "{host} is no host: write a name or an address in lower case, without scheme, port or brackets"
                raise PydanticCustomError("host", what, {"host": repr(host)})
        return value


def faults(written: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What no section can see alone: keys that the chosen sink lacks, URLs that may not be spoken to; (key, what)."""

    def value(key: str) -> Any:
        section, _, name = key.partition(".")
        table = written.get(section)
        return table.get(name) if isinstance(table, Mapping) else None

    sink, allow = value("tickets.sink"), value("outgoing.allow")
    for key in REQUIRED.get(sink, ()) if isinstance(sink, str) else ():
        if not value(key):
            yield key, f"tickets.sink is {sink}, and this is not set"
    for key in ("zendesk.url", "jsm.url", "webhook.url", "audit.dead_man_url"):
        if isinstance(url := value(key), str) and url:
            try:
                place(url, allow if isinstance(allow, list) else ())
            except ValueError as error:
                yield key, str(error)
