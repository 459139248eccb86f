"""The ticket's letters to the vendor's desk: one question at the top, then what proves it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts.alert import Alert
from alerts.billed import COUNTED, bill_rows, offsets, steps_of
from alerts.evidence import Evidence, base_unit, evidence, picture, readable
from alerts.languages.en import ENGLISH
from alerts.mail import Letter, Picture, message_id, plus_address
from alerts.pack import Grounds, pack
from alerts.rendering import bodies, one_line, words
from alerts.ticket import Claim, Ticket
from alerts.ticket import asked as sums_of
from alerts.wording import Wording
from billing.book import Book
from billing.catalog import Catalog
from billing.grid import Grid
from billing.money import money_text

TABLE_HOURS = 24  # shared by the claims that are shown in detail; the attachment has all
DETAILED = 3
LISTED = 20
TITLES = {
    "usage": "Waiver request",
    "precaution": "Provisional waiver request",
    "vendor_fault": "Correction request for a product fault",
}


@dataclass(frozen=True)
class Desks:
    """Who writes to whom. `vendor_zone`: IANA name; `answer_hours`: in which the vendor promises to answer e-mail.

    `reads_replies`: the sender's mailbox is read, so that replies may name their ticket in the address.
    """

    sender: str
    to: tuple[str, ...]
    vendor_zone: str
    answer_hours: int
    reads_replies: bool = False


def ticket_letter(
    ticket: Ticket,
    alerts: Sequence[Alert],
    book: Book,
    catalog: Catalog,
    grid: Grid,
    desks: Desks,
    at: datetime,
    grounds: Grounds,
    wording: Wording | None = None,
) -> Letter:
    """The letter that states the ticket's present claims: the opening one, or a follow-up in its thread.

    `alerts`: at least those of the ticket's claims. `grid`: usage as known at `at`. `wording`: what somebody wrote for
    a letter of the ticket; it is said if it holds.
    """
    number = ticket.letters + 1
    keys = [f"{ticket.ticket_id}-{n}" for n in range(1, number + 1)]
    *earlier, message = (message_id(key, desks.sender) for key in keys)
    by_id = {alert.alert_id: alert for alert in alerts}
    claimed = [
        (claim, evidence(by_id[claim.alert_id], ticket.month, book, catalog, grid))
        for claim in sorted(ticket.claims, key=lambda claim: (claim.currency, -claim.amount, claim.alert_id))
    ]
    detailed = claimed[:DETAILED]
    pictures = [
        picture(shown, grid, ticket.deadline_at, f"claim-{n}") for n, (_, shown) in enumerate(detailed, start=1)
    ]
    zones = _zones(ticket, book, desks)
    heading = _heading(ticket, book, desks, zones, at)
    generated = words("ask", **heading)
    said = wording.text if wording and wording.holds(ticket, generated) else generated
    text, html = bodies(
        "letter",
        **heading,
        words=said.split("\n"),
        calendar=grounds.calendar,
        changes=list(_changes(ticket, by_id, catalog)) if earlier else [],
        claims=[_claim_row(claim, shown) for claim, shown in claimed[:LISTED]],
        more=max(0, len(claimed) - LISTED),
        lowers=any(claim.amount < 0 for claim in ticket.claims),
        details=[
            {
                **_detail(shown, drawn, zones["your time"], TABLE_HOURS // len(detailed)),
                "bill": bill_rows(steps, claim, book, catalog),
                "offsets": offsets(steps, claim, catalog),
            }
            for (claim, shown), drawn in zip(detailed, pictures, strict=True)
            for steps in [steps_of(claim, shown.alert, ticket.month)]
        ],
    )
    images = tuple(drawn for drawn in pictures if drawn)
    return Letter(
        sender=desks.sender,
        to=desks.to,
        subject=_subject(ticket, book, at),
        text=text,
        html=html,
        message_id=message,
        date=at,
        images=images,
        attachments=pack(ticket, keys[-1], claimed, images, book, grounds, at),
        in_reply_to=earlier[-1] if earlier else None,
        reply_to=plus_address(desks.sender, ticket.ticket_id) if desks.reads_replies else None,
        references=tuple(earlier),
    )


def generated_words(ticket: Ticket, book: Book, desks: Desks, at: datetime) -> str:
    """What the letter says above its tables unless somebody wrote something else."""
    return words("ask", **_heading(ticket, book, desks, _zones(ticket, book, desks), at))


def asked(claims: Sequence[Claim]) -> str:
    """What the claims come to: `1,234.00 USD`."""
    return " + ".join(money_text(amount, currency) for currency, amount in sums_of(claims).items())


def _subject(ticket: Ticket, book: Book, at: datetime) -> str:
    title = TITLES[ticket.kind]
    if ticket.letters:
        title = f"{f'Update {ticket.letters}' if ticket.claims else 'Withdrawn'}: {title}"
    parts = [f"[{ticket.ticket_id}] {title}: {book.customers[ticket.customer_id].name}", ENGLISH.month(ticket.month)]
    if ticket.claims:
        parts.append(asked(ticket.claims))
        if answer_by := _answer_by(ticket, at):
            parts.append(f"answer needed by {_brief(answer_by.astimezone(UTC))} UTC")
    return one_line(", ".join(parts))


def _heading(
    ticket: Ticket, book: Book, desks: Desks, zones: Mapping[str, ZoneInfo], at: datetime
) -> dict[str, object]:
    """What stands above the claims."""
    answer_by = _answer_by(ticket, at)
    call_by = ticket.call_by or ticket.deadline_at  # a desk that does not close before the deadline
    return {
        "ticket": ticket,
        "title": TITLES[ticket.kind],
        "month": ENGLISH.month(ticket.month),
        "customer": book.customers[ticket.customer_id],
        "partner": book.partners[ticket.partner_id],
        "asked": asked(ticket.claims),
        "told": asked(ticket.told),
        "answer_by": answer_by and ENGLISH.moment(answer_by),
        "answer_times": [(name, ENGLISH.moment(answer_by, zone)) for name, zone in zones.items()] if answer_by else [],
        "past_first_end": bool(ticket.deadline_at and at >= ticket.deadline_at),
        "will_call": ticket.call_after_email and not (call_by and call_by <= at),
        "calls": [
            (name, ENGLISH.moment(ticket.call_from, zone), ENGLISH.moment(call_by, zone))
            for name, zone in zones.items()
            if ticket.call_from and call_by
        ],
        "answer_hours": desks.answer_hours,
    }


def _zones(ticket: Ticket, book: Book, desks: Desks) -> dict[str, ZoneInfo]:
    partner_zone = book.partners[ticket.partner_id].time_zone
    return {"UTC": ZoneInfo("UTC"), "your time": ZoneInfo(desks.vendor_zone), "partner's time": ZoneInfo(partner_zone)}


def _answer_by(ticket: Ticket, at: datetime) -> datetime | None:
    """The deadline; once the month has ended in the first zone, the end of it in the last one."""
    return ticket.expires_at if ticket.deadline_at and at >= ticket.deadline_at else ticket.deadline_at


def _changes(ticket: Ticket, alerts: Mapping[str, Alert], catalog: Catalog) -> Iterator[str]:
    """What is said now and was not in the letter before, a sentence a claim."""
    told = {claim.alert_id: claim for claim in ticket.told}
    now = {claim.alert_id: claim for claim in ticket.claims}
    for alert_id, claim in now.items():
        before = told.get(alert_id)
        if before is None:
            yield f"Added: {_named(claim, catalog)}, {_money(claim)}."
        elif (before.amount, before.currency) != (claim.amount, claim.currency):
            yield f"Changed: {_named(claim, catalog)}, {_money(claim)} instead of {_money(before)}."
    for alert_id, claim in told.items():
        if alert_id not in now:
            yield f"Withdrawn: {_named(claim, catalog)}, {_money(claim)}: {_why_left(alerts.get(alert_id))}."


def _why_left(alert: Alert | None) -> str:
    if alert is None:
        return "it is no longer claimed"
    if alert.state == "vendor_fault":
        return "we report it as a fault of your product, in a request of its own"
    if alert.state == "withdrawn":
        return alert.reasons[-1] if alert.reasons else "restated usage explains it"
    return "on review the usage was intended" if not alert.live else "it no longer adds to the month's charge"


def _claim_row(claim: Claim, shown: Evidence) -> dict[str, object]:
    return {"product": shown.meter.name, "org": shown.org, "usage": shown.sentence, "amount": _money(claim)}


def _detail(shown: Evidence, drawn: Picture | None, zone: ZoneInfo, most: int) -> dict[str, object]:
    """One claim with its hours; `most` of them in the table."""
    meter, rows = shown.meter, shown.largest(most)
    return {
        "alert": shown.alert,
        "meter": meter,
        "org": shown.org,
        "usage": shown.sentence,
        "counted": COUNTED[shown.rollup],
        "unit": base_unit(meter),
        "first": ENGLISH.moments(shown.rows[0].hour, ZoneInfo("UTC"), zone),
        "last": ENGLISH.moments(shown.rows[-1].hour, ZoneInfo("UTC"), zone),
        "count": len(shown.rows),
        "picture": drawn,
        "zone": zone,
        "rows": [
            {
                "utc": _brief(row.hour),
                "local": f"{_brief(local := row.hour.astimezone(zone))} {local.isoformat(' ', 'minutes')[16:]}",
                "expected": readable(row.expected, meter),
                "actual": "not at hand" if row.actual is None else readable(row.actual, meter),
            }
            for row in rows
        ],
    }


def _brief(at: datetime) -> str:
    """An hour on its own clock: 30 Sep 15:00."""
    return f"{at.day} {ENGLISH.dated_months[at.month - 1]} {at:%H:%M}"


def _named(claim: Claim, catalog: Catalog) -> str:
    return f"{catalog.meters[claim.meter].name}, org {claim.org_id}"


def _money(claim: Claim) -> str:
    return money_text(claim.amount, claim.currency)
