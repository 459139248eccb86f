"""Settings of a workspace: floodmark.toml, then the environment. Every fault is named at once."""

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from alerts.clock import Desk
from alerts.mail import plus_address
from billing.addresses import valid_address
from billing.errors import Fault, SettingsError
from billing.money import CURRENCIES
from flows import receivers
from flows.console_settings import Console
from flows.receivers import Audit, Jsm, Mail, Mailbox, Outgoing, Pings, Webhook, Zendesk
from flows.section import Section, address, sentence

FILE = "floodmark.toml"
PREFIX = "FLOODMARK_"
KEYS = ("DD_API_KEY", "DD_APP_KEY")
LISTS = ("reviewers", "secrets", "urls", "allow", "proxies")
TABLES = ("min_stake", "people")
LAKES = ("s3", "gs", "az", "abfs", "abfss")


class Store(Section):
    database: str = "sqlite:///floodmark.db"
    lake: str = Field(default="lake", min_length=1)

    @field_validator("lake")
    @classmethod
    def _lake(cls, value: str) -> str:
        scheme, separator, _ = value.partition("://")
        if separator and scheme not in LAKES:
            known = ", ".join(f"{name}://" for name in LAKES)
            raise PydanticCustomError("lake", "is neither a directory nor one of {known}", {"known": known})
        return value


class Datadog(Section):
    api_url: str = Field(default="https://api.datadoghq.com", pattern=r"^https?://[^\s]+$")
    trailing_days: int = Field(default=4, ge=1, le=60)
    connected_accounts: bool = True
    product_families: str = Field(default="all", min_length=1)
    api_key: SecretStr = Field(default=SecretStr(""), exclude=True)
    app_key: SecretStr = Field(default=SecretStr(""), exclude=True)

    @property
    def has_keys(self) -> bool:
        return bool(self.api_key.get_secret_value() and self.app_key.get_secret_value())


class Billing(Section):
    catalog: str = ""
    policy: str = ""
    p99_rank: Literal["ninth", "eighth"] = "ninth"
    final_day: int = Field(default=16, ge=1, le=28)


def _per_currency(value: object) -> object:
    return value if isinstance(value, dict) else {"": value}


class Detection(Section):
    """`min_stake`: by currency; the entry "" is for those not named."""

    min_stake: Annotated[dict[str, Decimal], BeforeValidator(_per_currency)] = Field(default={"": Decimal(50)})
    alerts_per_series_month: float = Field(default=0.2, gt=0, le=100)
    min_history_days: int = Field(default=7, ge=1, le=365)
    loud_alerts_a_day: int = Field(default=60, ge=1, le=100_000)

    @field_validator("min_stake")
    @classmethod
    def _stakes(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        for currency, amount in value.items():
            if currency and currency not in CURRENCIES:
                raise PydanticCustomError("currency", "{code} is not an ISO 4217 currency", {"code": repr(currency)})
            if not amount.is_finite() or amount < 0:
                raise PydanticCustomError("amount", "must be 0 or more")
        return value

    def least(self, currency: str) -> Decimal:
        """The stake from which an alert of this currency is loud."""
        return self.min_stake.get(currency, self.min_stake.get("", Decimal(50)))


class Tickets(Section):
    sink: Literal["eml", "smtp", "zendesk", "jsm", "webhook"] = "eml"
    to: str = "partner-cs@vendor.example"
    review_hours: int = Field(default=24, ge=0, le=744)
    vendor_time_zone: str = "America/New_York"
    vendor_hours: str = "09:00-18:00"
    vendor_holidays: str = "US"
    vendor_calendar: str = ""
    answer_hours: int = Field(default=48, ge=0, le=744)
    phone: str = Field(default="", pattern=r"^[0-9+()./x -]{0,40}$")

    @field_validator("to")
    @classmethod
    def _to(cls, value: str) -> str:
        return address(value)

    @field_validator("vendor_time_zone", "vendor_hours", "vendor_holidays")
    @classmethod
    def _desk(cls, value: str, info: ValidationInfo) -> str:
        parts = {"vendor_time_zone": "UTC", "vendor_hours": "09:00-18:00", "vendor_holidays": ""}
        parts[str(info.field_name)] = value
        try:
            Desk.parse(*parts.values())
        except ValueError as error:
            raise sentence(error) from error
        return value


class Settings(Section):
    store: Store = Store()
    datadog: Datadog = Datadog()
    billing: Billing = Billing()
    detection: Detection = Detection()
    tickets: Tickets = Tickets()
    mail: Mail = Mail()
    mailbox: Mailbox = Mailbox()
    zendesk: Zendesk = Zendesk()
    jsm: Jsm = Jsm()
    webhook: Webhook = Webhook()
    pings: Pings = Pings()
    outgoing: Outgoing = Outgoing()
    audit: Audit = Audit()
    console: Console = Console()

    @model_validator(mode="after")
    def _replies(self) -> Self:
        if self.mailbox.url and not valid_address(plus_address(self.mail.sender, f"tk_{'0' * 12}")):
            raise PydanticCustomError("sender", "mail.sender is too long to take replies at sender+TICKET_ID")
        return self


def read(workspace: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of `workspace`. Raises SettingsError with every unknown key and bad value."""
    path = workspace / FILE
    try:
        written = tomllib.loads(path.read_bytes().decode("utf-8"), parse_float=Decimal)
    except FileNotFoundError as error:
        what = f"there is no {FILE} here: run `floodmark init {workspace}` or name the workspace with --workspace"
        raise SettingsError([Fault(str(path), 0, "", what)]) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError([Fault(str(path), 0, "", f"cannot be read: {error}")]) from error
    sources: dict[str, str] = {}
    for name, value in environ.items():
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        if name.startswith(PREFIX) and key and isinstance(written.setdefault(section, {}), dict):
            written[section][key] = _from_text(key, value)
            sources[f"{section}.{key}"] = name
    faults = [
        Fault(FILE, 0, f"datadog.{key}", "a key does not belong in a file: set DD_API_KEY and DD_APP_KEY")
        for key in ("api_key", "app_key")
        if isinstance(written.get("datadog"), dict) and key in written["datadog"]
    ]
    if not faults and isinstance(written.setdefault("datadog", {}), dict):
        written["datadog"] |= {"api_key": environ.get(KEYS[0], ""), "app_key": environ.get(KEYS[1], "")}
    faults += [Fault(FILE, 0, key, what) for key, what in receivers.faults(written)]
    try:
        settings = Settings.model_validate(written)
    except ValidationError as error:
        faults += [_fault(detail, sources) for detail in error.errors(include_url=False, include_input=False)]
        raise SettingsError(faults) from error
    if faults:
        raise SettingsError(faults)
    return settings


def _from_text(key: str, value: str) -> Any:
    """An environment value; lists and tables are written as in TOML, lists also as words between commas."""
    if key in (*LISTS, *TABLES) and value.strip()[:1] in ("[", "{"):
        try:
            return tomllib.loads(f"v = {value}", parse_float=Decimal)["v"]
        except tomllib.TOMLDecodeError:
            return value
    return [part.strip() for part in value.split(",") if part.strip()] if key in LISTS else value


def _fault(detail: Any, sources: Mapping[str, str]) -> Fault:
    key = ".".join(str(part) for part in detail["loc"])
    what = "unknown key" if detail["type"] == "extra_forbidden" else detail["msg"]
    return Fault(sources.get(key, FILE), 0, key, what)


__all__ = ["FILE", "Settings", "read"]
