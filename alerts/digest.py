"""The partner's digest: where its customers stand this month, in its language, and nothing of anybody else."""

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

from alerts.charts import Bar, bars, png
from alerts.languages import LANGUAGES
from alerts.mail import Letter, Picture, mailbox, message_id
from alerts.rendering import bodies, one_line
from alerts.sections import Sections, cut
from alerts.standing import Standing, at_stake, sums
from alerts.words import Language, drawable
from billing.book import Book
from billing.catalog import Catalog
from billing.money import money_text
from detectors.episodes import DISAPPEARANCE

__all__ = ["Standing", "digest_letter"]

# A mail over 80 kB is cut off.
MOST = {"customers": 20, "products": 10, "spikes": 20, "stopped": 10, "tickets": 20, "contracts": 8}
MOST_FAULTS, MOST_BARS = 5, 12


def digest_letter(standing: Standing, book: Book, catalog: Catalog, key: str, sender: str, vendor_zone: str) -> Letter:
    """One mail to the partner's addresses. A language that is not in LANGUAGES raises KeyError."""
    partner, language = standing.partner, LANGUAGES[standing.partner.language]
    sections = Sections(standing, book, catalog, language, ZoneInfo(vendor_zone))
    subject = _subject(standing, language)
    picture = _picture(standing, book, language)
    lists: dict[str, list[Any]] = {
        "customers": list(sections.customers()),
        "products": list(sections.products()),
        "spikes": list(sections.spikes()),
        "stopped": list(sections.stopped()),
        "tickets": list(sections.tickets()),
        "contracts": list(sections.contracts()),
    }
    text, html = bodies(
        "digest",
        lang=partner.language,
        say=language.say,
        subject=subject,
        partner=cut(partner.name),
        month=language.month(standing.month),
        as_of=language.moment(standing.at, sections.zone),
        totals=[
            {**total.money, "at_stake": money_text(at_stake(standing, total.currency), total.currency)}
            for total in sums(standing, lambda _: "")
        ],
        closes=sections.claims_close(),
        picture=picture,
        quiet=sum(alert.quiet and alert.live and alert.kind != DISAPPEARANCE for alert in standing.alerts),
        complete=standing.complete_to and sections.moment(standing.complete_to),
        faults=[line for kind in sections.faults() for line in _first_few(kind, language)],
        more={name: max(0, len(rows) - MOST[name]) for name, rows in lists.items()},
        **{name: rows[: MOST[name]] for name, rows in lists.items()},
    )
    return Letter(
        sender=sender,
        to=partner.emails,
        subject=subject,
        text=text,
        html=html,
        message_id=message_id(key, sender),
        date=standing.at,
        images=(picture,) if picture else (),
        headers=(("List-Unsubscribe", f"<mailto:{mailbox(sender).addr_spec}?subject=unsubscribe>"),),
    )


def _subject(standing: Standing, language: Language) -> str:
    partner, month = cut(standing.partner.name), language.month(standing.month)
    totals = sums(standing, lambda _: "")
    if not totals:
        return one_line(f"{partner}, {month}: {language.say('nothing_billed')}")
    to_date, forecast = (" + ".join(total.money[name] for total in totals) for name in ("to_date", "forecast"))
    return one_line(language.say("subject", partner=partner, month=month, to_date=to_date, forecast=forecast))


def _picture(standing: Standing, book: Book, language: Language) -> Picture | None:
    """Bars of the customers in the most frequent currency; a name that the shipped font lacks gives way to its id."""
    customers = sums(standing, lambda line: line.customer_id)
    if not customers:
        return None
    currency, _ = Counter(one.currency for one in customers).most_common(1)[0]
    drawn = [
        Bar(
            name if drawable(name := book.customers[one.of].name) else one.of,
            float(one.to_date),
            float(one.projected.middle),
            one.money["forecast"],
            float(one.committed) or None,
        )
        for one in customers
        if one.currency == currency
    ]
    title = f"{standing.month}, {currency}"
    return Picture("customers", png(bars(title, drawn[:MOST_BARS], words=language.drawn)), language.say("picture"))


def _first_few(lines: list[str], language: Language) -> list[str]:
    more = len(lines) - MOST_FAULTS
    return [*lines[:MOST_FAULTS], *([language.say("more", count=more)] if more > 0 else [])]
