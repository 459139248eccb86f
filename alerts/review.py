"""Mail to reviewers: the new loud alerts, by money, with enough to decide each in a minute."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.alert import VERDICTS, Alert
from alerts.clock import Clock
from alerts.evidence import evidence, picture
from alerts.grouping import together
from alerts.languages.en import ENGLISH
from alerts.mail import Letter, message_id
from alerts.rendering import bodies, one_line
from billing.book import Book
from billing.catalog import Catalog
from billing.grid import Grid
from billing.hours import Month
from billing.money import money_text

PICTURES = 3
LISTED = 20
ORGS = 10  # below an alert


def review_letter(
    alerts: Sequence[Alert],
    book: Book,
    catalog: Catalog,
    grid: Grid,
    key: str,
    sender: str,
    reviewers: tuple[str, ...],
    vendor_zone: str,
    clocks: Mapping[tuple[str, Month], Clock],
    at: datetime,
    waits: int = 0,
    false_alarms: Sequence[str] = (),
    calls: Sequence[Sequence[str]] = (),
    below: Mapping[str, Sequence[Alert]] | None = None,
) -> Letter:
    """One mail for all of them. `alerts`: in the order of the queue. `clocks`: by (customer_id, month).

    `waits`: how many more will be told when the day's share allows it; `false_alarms`: sentences, as seen so far;
    `calls`: phone tasks, a list of lines each; `below`: alert_id -> those that it is on top of.
    """
    under = below or {}
    shown = [evidence(alert, Month.of(alert.last_hour), book, catalog, grid) for alert in alerts[:LISTED]]
    months = [clocks.get((one.customer.customer_id, one.month)) for one in shown]
    pictures = [
        picture(one, grid, clock.deadline_at if clock else None, f"alert-{n}")
        for n, (one, clock) in enumerate(zip(shown, months, strict=True), start=1)
        if n <= PICTURES
    ]
    drawn = {one.alert.alert_id: image for one, image in zip(shown, pictures, strict=False)}
    text, html = bodies(
        "review",
        subject=_subject(alerts, book, calls, under),
        calls=calls,
        verdicts=list(VERDICTS),
        more=max(0, len(alerts) - LISTED),
        waits=waits,
        false_alarms=false_alarms,
        alerts=[
            {
                "shown": one,
                "stake": _money([one.alert, *under.get(one.alert.alert_id, ())]),
                "below": _below(one.alert, under.get(one.alert.alert_id, ()), book),
                "kind": ENGLISH.kind(one.alert.kind),
                "notes": ENGLISH.notes(one.alert),
                "picture": drawn.get(one.alert.alert_id),
                "since": ENGLISH.moments(
                    one.alert.started_at, ZoneInfo("UTC"), ZoneInfo(vendor_zone), ZoneInfo(one.partner.time_zone)
                ),
                "clock": _clock(clock, at, ZoneInfo("UTC"), ZoneInfo(vendor_zone), ZoneInfo(one.partner.time_zone)),
            }
            for one, clock in zip(shown, months, strict=True)
        ],
    )
    return Letter(
        sender=sender,
        to=reviewers,
        subject=_subject(alerts, book, calls, under),
        text=text,
        html=html,
        message_id=message_id(key, sender),
        date=at,
        images=tuple(image for image in pictures if image),
    )


def _subject(
    alerts: Sequence[Alert], book: Book, calls: Sequence[Sequence[str]], under: Mapping[str, Sequence[Alert]]
) -> str:
    if calls:
        review = f", and to review: {len(alerts)}" if alerts else ""
        return one_line(f"To call: {len(calls)}{review}")
    first, *others = alerts
    more = f", and {len(others)} more" if others else ""
    stake = _money([first, *under.get(first.alert_id, ())])
    return one_line(f"To review: {stake} at stake, {book.customers[first.customer_id].name}{more}")


def _money(alerts: Sequence[Alert]) -> str:
    """What they cost together."""
    sums = together(alerts)
    return " + ".join(money_text(amount, currency) for currency, amount in sums.items()) or "no money"


def _below(alert: Alert, under: Sequence[Alert], book: Book) -> list[str]:
    """The jump of many orgs that the alert is on top of, a sentence and its orgs."""
    if not under:
        return []
    orgs = [
        f"{book.orgs[one.org_id].name} ({one.org_id}), {book.customers[one.customer_id].name}: {_money([one])}"
        for one in sorted(under, key=lambda one: (one.started_at, one.org_id))
    ]
    more = [f"and {len(orgs) - ORGS} more"] if len(orgs) > ORGS else []
    return [
        f"The same meter jumped in {len(under)} more orgs at about the same hours, maybe of one cause. Together "
        f"{_money([alert, *under])}; each keeps its own claim.",
        f"One verdict for all: floodmark alert {alert.alert_id} VERDICT --below",
        *orgs[:ORGS],
        *more,
    ]


def _clock(clock: Clock | None, at: datetime, *zones: ZoneInfo) -> list[tuple[str, str]]:
    """What the month's clock says, in words and instants."""
    if clock is None:
        return []
    latest = "the latest e-mail was due" if at > clock.latest_email_at else "latest e-mail"
    return [
        ("deadline", ENGLISH.moments(clock.deadline_at, *zones)),
        (latest, ENGLISH.moments(clock.latest_email_at, *zones)),
    ]
