"""Settings of the console: where it is reached, and how people come in."""

from ipaddress import ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from alerts.console.users import ROLES
from flows.section import Section

LOCAL = ("localhost",)


class Console(Section):
    """url: where people reach it, if that is not host and port. proxies: addresses or networks whose `header` says who
    asks. issuer, client_id, client_secret: of OpenID Connect. claim: which of its claims says who asks, or in which
    groups they are. people: who that is -> their role, and after it, if they see one partner alone, its id."""

    host: str = "127.0.0.1"
    port: int = Field(default=8787, ge=1, le=65535)
    auth: Literal["token", "oidc", "proxy"] = "token"
    url: str = ""
    proxies: tuple[str, ...] = ()
    header: str = Field(default="X-Forwarded-User", pattern=r"^[A-Za-z0-9-]+$")
    issuer: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    claim: str = Field(default="sub", min_length=1)
    people: dict[str, str] = Field(default_factory=dict)

    @field_validator("url", "issuer")
    @classmethod
    def _url(cls, value: str) -> str:
        parts = urlsplit(value)
        safe = parts.scheme == "https" or (parts.scheme == "http" and loopback(parts.hostname or ""))
        if value and not (safe and parts.hostname and not parts.query and not parts.fragment):
            raise PydanticCustomError("url", "must be https://..., or http:// on this machine alone")
        return value.rstrip("/")

    @field_validator("proxies")
    @classmethod
    def _proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                network = ip_network(text)
            except ValueError:
                what = "{text} is no address or network, such as 10.0.0.5 or 10.0.0.0/24"
                raise PydanticCustomError("network", what, {"text": repr(text)}) from None
            if network.prefixlen == 0:
                raise PydanticCustomError("network", "{text} is everybody: name the proxy", {"text": repr(text)})
        return value

    @field_validator("people")
    @classmethod
    def _people(cls, value: dict[str, str]) -> dict[str, str]:
        for name, right in value.items():
            role, _, partner = right.partition(" ")
            if role not in ROLES or right != right.strip() or partner != partner.strip():
                what = "{name} is {right}: write a role ({roles}), or a role and a partner's id"
                told = {"name": repr(name), "right": repr(right), "roles": ", ".join(ROLES)}
                raise PydanticCustomError("right", what, told)
        return value


def loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host in LOCAL
