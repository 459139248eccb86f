"""The evidence pack of a letter: hours, bill, rule and pictures as files, and a manifest with their hashes."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from alerts.bill_step import NUMBERS, QUANTITIES, BillStep
from alerts.billed import COUNTED, price_text, steps_of
from alerts.evidence import Evidence, cell, table
from alerts.mail import Attachment, Picture
from alerts.rendering import one_line
from alerts.ticket import Claim, Ticket, asked
from billing.book import Book
from billing.hours import iso
from billing.money import exact, plain, round_money

BILL_COLUMNS = (
    *("ticket_id", "alert_id", "contract_id", "meter", "product", "base_units_per_unit", "unit", "unit_price"),
    *(f"{name}_{side}" for side in ("usual", "actual") for name in NUMBERS),
    *("committed_amount", "difference", "currency"),
)


@dataclass(frozen=True)
class Grounds:
    """What was known when a letter was written. Versions are None where nothing was numbered.

    budget: the false alarms a series and month that the detection was set to; calendar: whose days the desk keeps.
    """

    lake: int | None = None
    book: int | None = None
    rules: int | None = None
    budget: float = 0.2
    calendar: str = ""


Claimed = Sequence[tuple[Claim, Evidence]]


def pack(
    ticket: Ticket, key: str, claimed: Claimed, pictures: Sequence[Picture], book: Book, grounds: Grounds, at: datetime
) -> tuple[Attachment, ...]:
    """The files that go with the letter `key`; none without claims. The manifest is the last, and has the pictures too.

    Of equal input the bytes are equal.
    """
    if not claimed:
        return ()
    files = [
        table([shown for _, shown in claimed], ticket.ticket_id, f"{key}-hours.csv"),
        Attachment(f"{key}-bill.csv", "text/csv", _bill(ticket, claimed, book).encode("utf-8-sig")),
        Attachment(f"{key}-rule.txt", "text/plain", _rule(ticket, claimed, book, grounds).encode()),
    ]
    hashed = [*((file.name, file.content) for file in files), *((f"{p.cid}.png", p.png) for p in pictures)]
    manifest = _manifest(ticket, key, hashed, grounds, at)
    content = json.dumps(manifest, ensure_ascii=False, indent=2).encode() + b"\n"
    return (*files, Attachment(f"{key}-manifest.json", "application/json", content))


def _bill(ticket: Ticket, claimed: Claimed, book: Book) -> str:
    """Every line with and without, in base units and exact money; the differences of a claim add up to it."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(BILL_COLUMNS)
    for claim, shown in claimed:
        for step in steps_of(claim, shown.alert, ticket.month):
            writer.writerow(_bill_row(ticket, claim, step, shown, book))
    return file.getvalue()


@exact
def _bill_row(ticket: Ticket, claim: Claim, step: BillStep, shown: Evidence, book: Book) -> list[str]:
    meter = shown.catalog.meters[step.meter]
    texts = (ticket.ticket_id, claim.alert_id, step.contract_id, meter.meter, meter.name)
    unit = (str(meter.per), cell(meter.unit), cell(price_text(step, claim.currency, book, meter)))
    sides = [
        plain(getattr(side, name)) if name in QUANTITIES else _money(side.amount, claim)
        for side in (step.usual, step.actual)
        for name in NUMBERS
    ]
    return [
        *map(cell, texts),
        *unit,
        *sides,
        _money(step.committed, claim),
        _money(step.difference, claim),
        claim.currency,
    ]


def _money(amount: Decimal, claim: Claim) -> str:
    """In the digits of the currency."""
    return f"{round_money(amount, claim.currency):f}"


def _rule(ticket: Ticket, claimed: Claimed, book: Book, grounds: Grounds) -> str:
    """What the claims stand on, in words."""
    lines = [
        f"Request {ticket.ticket_id}, {ticket.month}: the rule of each claim",
        "",
        "An amount is the difference between two bills of the month: one with the anomalous hours as they were, one",
        "with them at what the series' own past expects of them. Hours to come, and missing ones, are as expected in",
        "both. Claims that share a bill are restored one after the other, by their first hour.",
        f"An hour stands out beyond the bound that the series' own past lets through {grounds.budget:g} times a month",
        "by chance; the past is that before the first anomalous hour, and is frozen there.",
    ]
    for claim, shown in claimed:
        steps = steps_of(claim, shown.alert, ticket.month)
        lines += ["", *_rule_of(claim, shown, steps, book)]
    return "\n".join(map(one_line, lines)) + "\n"


def _rule_of(claim: Claim, shown: Evidence, steps: Sequence[BillStep], book: Book) -> Iterator[str]:
    meter = shown.meter
    yield f"{claim.alert_id}: {meter.name}, org {shown.org.org_id}, {_money(claim.amount, claim)} {claim.currency}"
    yield f"  Usage types: {', '.join(meter.usage_types)}; roll-up: {shown.rollup}"
    yield f"  {COUNTED[shown.rollup]}"
    for step in steps:
        if price := price_text(step, claim.currency, book, shown.catalog.meters[step.meter]):
            yield f"  Price of {step.meter} on demand: {price} (contract {step.contract_id})"
    for reason in shown.alert.reasons:
        yield f"  Why it stands out: {reason}"


def _manifest(
    ticket: Ticket, key: str, files: Sequence[tuple[str, bytes]], grounds: Grounds, at: datetime
) -> Mapping[str, Any]:
    return {
        "letter": key,
        "ticket_id": ticket.ticket_id,
        "month": str(ticket.month),
        "known_at": iso(at),
        "lake_version": grounds.lake,
        "book_version": grounds.book,
        "rules_version": grounds.rules,
        "deadline_at": ticket.deadline_at and iso(ticket.deadline_at),
        "desk_calendar": grounds.calendar or None,
        "claims": [
            {"alert_id": claim.alert_id, "amount": _money(claim.amount, claim), "currency": claim.currency}
            for claim in ticket.claims
        ],
        "asked": {currency: f"{round_money(amount, currency):f}" for currency, amount in asked(ticket.claims).items()},
        "files": [
            {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files
        ],
    }
