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
    return " + ".join(money(amount, currency) for currency, amount in amounts.items() if amount) or "–"


def part(text: str) -> str:
    """An id as the last part of an address, whatever is in it."""
    return quote(text, safe="")


def grouped(number: str) -> str:
    """1,234.50"""
    return f"{Decimal(number):,f}"


NAMED = {
    "alert queue": "to decide",
    "alert quiet": "too small to claim",
    "zoom alert": "the alert",
    "zoom quarter": "three months",
    "month_to_month": "month to month",
    "on_demand": "on demand",
    "due notice": "renewal notice to the vendor",
    "due end": "contract ends",
    "due quote": "ask the vendor for a quote",
    "due demand": "the customer says what it wants",
    "due start": "the next month starts",
    "due change": "products can be changed until",
    "due trial": "a trial can be given until",
    "why notice": "The vendor wants notice of a renewal 120 days before an annual contract ends.",
    "why end": "The first day that the contract does not cover.",
    "why quote": "A month-to-month contract starts on the 1st, and the vendor needs two weeks for a quote.",
    "why demand": "What a month-to-month contract is to be next month, the customer says on the 24th at the latest.",
    "why start": "A month-to-month contract starts on the 1st.",
    "why change": "An annual contract takes one change of products a month, and only if its price rises by 1 or more.",
    "why trial": "It is used without being on the annual contract: a trial can be given until the 15th of the month.",
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
    """What people call a value, such as `ticket sent`: English, as mails say it, for `_` to say in another language."""
    of_a_thing = name.partition(" ")[2] or name
    return NAMED.get(name) or ENGLISH.sentences.get(name.replace(" ", "_")) or of_a_thing.replace("_", " ")


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
