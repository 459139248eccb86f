"""Numbers and instants as pages show them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from urllib.parse import urlencode

from alerts.languages.en import ENGLISH
from billing.hours import iso
from billing.money import money_text, round_money


def money(amount: Decimal, currency: str) -> str:
    """1,234.50 USD"""
    return money_text(round_money(amount, currency), currency)


def sums(amounts: Mapping[str, Decimal]) -> str:
    """1,234.50 USD + 1,000 KRW; a dash for nothing."""
    return " + ".join(money(amount, currency) for currency, amount in amounts.items()) or "–"


def moment(at: datetime, zone: tzinfo = UTC) -> str:
    """Thu 12 Nov 2026 00:00 UTC"""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} {local:%Z}"


def brief(at: datetime) -> str:
    """12 Nov 00:00, in UTC."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %H:%M}"


def span(length: timedelta) -> str:
    """3 d 4 h, 4 h 10 min, 12 min; without a sign."""
    minutes = int(abs(length).total_seconds() // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def word(name: str) -> str:
    """A state's name as people write it."""
    return {"queue": "to decide", "over": "over, still claimable"}.get(name, name.replace("_", " "))


def address(query: Mapping[str, str], **more: str) -> str:
    """What stands after the question mark."""
    return urlencode({**query, **more})


WORDS = {
    "money": money,
    "sums": sums,
    "moment": moment,
    "brief": brief,
    "span": span,
    "iso": iso,
    "word": word,
    "address": address,
    "kind": ENGLISH.kind,
}
"""What templates call."""
