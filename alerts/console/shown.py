"""Numbers and words as pages show them."""

from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import quote, urlencode

from alerts.languages.en import ENGLISH
from billing.hours import iso
from billing.money import money_text, round_money


def money(amount: Decimal, currency: str) -> str:
    """1,234.50 USD"""
    return money_text(round_money(amount, currency), currency)


def sums(amounts: Mapping[str, Decimal]) -> str:
    """1,234.50 USD + 1,000 KRW; a dash for nothing."""
    return " + ".join(money(amount, currency) for currency, amount in amounts.items()) or "–"


def part(text: str) -> str:
    """An id as the last part of an address, whatever is in it."""
    return quote(text, safe="")


def grouped(number: str) -> str:
    """1,234.50"""
    return f"{Decimal(number):,f}"


NAMED = {
    "queue": "to decide",
    "over": "over, still claimable",
    "vendor_fault": "fault of the vendor",
    "month_to_month": "month to month",
    "on_demand": "on demand",
    "due notice": "notice to the vendor",
    "due end": "contract ends",
    "due quote": "ask for a quote",
    "due demand": "customer's demand",
    "due start": "next month starts",
    "due trial": "trial can be given",
    "letter due": "letter waits to be sent",
    "letter sending": "letter is being sent",
    "letter sent": "letter sent",
    "letter written": "letter written to a file, nobody was contacted",
    "letter failed": "letter not delivered",
    "answer called": "somebody was spoken to",
    "answer missed": "nobody was reached",
    "answer open": "answer taken back",
    "answer delivered": "letter arrived",
    "answer auto-replied": "automatic reply",
    "digest none": "no digest",
    "digest daily": "daily digest",
    "digest weekly": "weekly digest",
}


def word(name: str) -> str:
    """What people call a state, a kind, an answer: a sentence of the console, said in the reader's language by `_`."""
    return NAMED.get(name, name.removeprefix("answer ").replace("_", " "))


def address(query: Mapping[str, str], **more: str) -> str:
    """What stands after the question mark."""
    return urlencode({**query, **more})


WORDS = {
    "money": money,
    "sums": sums,
    "iso": iso,
    "word": word,
    "address": address,
    "part": part,
    "grouped": grouped,
    "kind": ENGLISH.kind,
}
"""What templates call, in whatever language; see `alerts.console.tongue` for what depends on it."""
