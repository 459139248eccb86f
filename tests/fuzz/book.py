"""Books, good and spoilt, and a second reading of their rules (contract: "The book")."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import available_timezones

from billing import catalog
from billing.book import Book
from billing.book_files import read_book
from billing.errors import InputError
from tests.billing.book_folder import GOOD
from tests.fuzz import hostile
from tests.fuzz.texts import quoted

NUMBERS = [*hostile.QUANTITIES, "0.085", "12.", "1" * 30, "1" * 31, "0." + "3" * 31, str(2**31), str(2**31 - 1)]
DATES = [
    "2026-01-01",
    "2026-02-30",
    "20260101",
    "2026-1-1",
    "",
    "9999-12-31",
    "0001-01-01",
    "2025-06-01",
    "２０２６-01-01",
]
CHOICES = [
    "basic",
    "GOLD",
    "Asia/Seoul",
    "UTC",
    "utc",
    "../UTC",
    "en",
    "USD",
    "usd",
    "annual",
    "monthly",
    "registered",
    "k1",
]
POOL = [*NUMBERS, *DATES, *CHOICES, *hostile.TEXTS, "a@b.example", "a@b.example;;c@d.example", "a@b", "x@y.example,"]
ZONES = available_timezones()
METERS = catalog.load().meters
NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]+")


def make(folder: Path, random: Random) -> None:
    """The good book with hostile cells, doubled and ragged lines, and one file spoilt as bytes."""
    danger, spoilt = random.choice((0.0, 0.01, 0.1)), random.choice((*GOOD, *GOOD, ""))
    for name, lines in GOOD.items():
        table = [line.split(",") for line in lines]
        if random.random() < danger:
            table.append(random.choice(table))
        text = "\n".join(
            ",".join(quoted(hostile.cell(random, POOL, cell, danger * (i > 0)), random, 0.05) for cell in row)
            for i, row in enumerate(table)
        )
        content = (text + "\n").encode("utf-8", "replace")
        if name == spoilt:
            content = hostile.spoilt(content, random, "\n".join(GOOD[random.choice(list(GOOD))]).encode())
        (folder / name).write_bytes(content)


def disagreement(folder: Path) -> tuple[str, bool]:
    """How the book that is read differs from the plain reading (empty: not at all), and whether it was accepted."""
    try:
        book = read_book(folder, catalog.load())
    except InputError:
        book = None
    plain = reading(folder)
    if (book is None) != (plain is None):
        return f"the book was {'refused' if book is None else 'accepted'}, and the plain reading says otherwise", True
    return ("" if book is None or flat(book) == plain else f"{flat(book)} is not {plain}"), book is not None


def flat(book: Book) -> dict[str, list[tuple[Any, ...]]]:
    """The book as rows."""
    return {
        "partners.csv": [
            (p.partner_id, p.name, p.tier, p.time_zone, p.language, p.currency, p.digest, p.emails)
            for p in book.partners.values()
        ],
        "customers.csv": [(c.customer_id, c.partner_id, c.name, c.employees, c.deal) for c in book.customers.values()],
        "orgs.csv": [(o.org_id, o.customer_id, o.name) for o in book.orgs.values()],
        "contracts.csv": [
            (c.contract_id, c.customer_id, c.plan, c.start, c.end, c.currency) for c in book.contracts.values()
        ],
        "terms.csv": sorted(
            (c.contract_id, t.meter, t.option, t.commit_units, str(t.commit_price), str(t.on_demand_price))
            for c in book.contracts.values()
            for t in c.terms.values()
        ),
        "tiers.csv": sorted(
            (c.contract_id, meter, i, str(t.up_to_units), t.unit_price)
            for c in book.contracts.values()
            for meter, band in c.tiers.items()
            for i, t in enumerate(band)
        ),
    }


class WrongError(Exception):
    """A cell that breaks a rule."""


def reading(folder: Path) -> dict[str, list[tuple[Any, ...]]] | None:
    """The rows of a good book; None for any other."""
    try:
        return whole(folder)
    except WrongError:
        return None


def whole(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    code, text = currency, free
    partners = table(folder, "partners.csv", [ident, ident, of("basic gold"), zone, of("en ko ru"), code,
                                              of("daily weekly none"), emails])  # fmt: skip
    customers = table(folder, "customers.csv", [ident, one_of(partners), ident, people, of("none registered takeover")])
    orgs = table(folder, "orgs.csv", [ident, one_of(customers), text])
    plans = of("annual month_to_month on_demand")
    contracts = table(folder, "contracts.csv", [ident, one_of(customers), plans, day, maybe(day), code])
    for rows in (partners, customers, orgs, contracts):
        need(len({row[0] for row in rows}) == len(rows))
    apart(contracts)
    of_contract = one_of(contracts)
    terms = table(
        folder, "terms.csv", [of_contract, meter, of("monthly hourly"), maybe(number), maybe(number), maybe(number)]
    )
    need(len({row[:2] for row in terms}) == len(terms))
    tiers = table(folder, "tiers.csv", [of_contract, meter, maybe(number), number])
    return {
        "partners.csv": partners,
        "customers.csv": customers,
        "orgs.csv": orgs,
        "contracts.csv": contracts,
        "terms.csv": sorted((*row[:3], row[3] or Decimal(0), str(row[4]), str(row[5])) for row in terms),
        "tiers.csv": sorted(bands(tiers)),
    }


def table(folder: Path, name: str, readers: list[Callable[[str], Any]]) -> list[tuple[Any, ...]]:
    try:
        text = (folder / name).read_bytes().removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        raise WrongError from None
    lines = records(text)
    need(bool(lines))
    header = [cell.strip() for cell in lines[0]]
    columns = GOOD[name][0].split(",")
    need(all(header.count(column) == 1 for column in columns))
    need(all(header.count(column) <= 1 for column in ("time_zone", "country")) or name != "customers.csv")
    found = []
    for cells in lines[1:]:
        if cells == []:
            continue
        need(len(cells) == len(header))
        named = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        found.append(tuple(reader(named[column]) for reader, column in zip(readers, columns, strict=True)))
    return found


def records(text: str) -> list[list[str]]:
    """The cells of every record; a quoted cell may hold line ends."""
    found: list[list[str]] = []
    cells: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            match = re.compile(r'"((?:[^"]|"")*)"(?=[,\r\n]|$)').match(text, at)
            need(match is not None and match.end() <= len(text))
            assert match
            end = match.end()
            need(end == len(text) or text[end] in ",\r\n")
            cell = match[1].replace('""', '"')
        else:
            match = re.compile(r"[^,\r\n]*").match(text, at)
            assert match
            end, cell = match.end(), match[0]
        need(len(cell) <= 131_072)
        if end < len(text) and text[end] == ",":
            cells.append(cell)
            at = end + 1
            if at == len(text):
                found.append([*cells, ""])
                cells = []
            elif text[at] in "\r\n":
                cells.append("")
                found.append(cells)
                cells, at = [], after_line(text, at)
            continue
        empty = not cells and not cell and text[at : at + 1] != '"'
        found.append([] if empty else [*cells, cell])
        cells, at = [], after_line(text, end)
    return found


def after_line(text: str, at: int) -> int:
    return at + (2 if text.startswith("\r\n", at) else 1)


def need(held: bool) -> None:
    if not held:
        raise WrongError


def free(text: str) -> str:
    need(not UNSEEN.search(text))
    return text


def ident(text: str) -> str:
    need(0 < len(text) <= 200)
    return free(text)


def one_of(rows: list[tuple[Any, ...]]) -> Callable[[str], str]:
    known = {row[0] for row in rows}

    def reader(text: str) -> str:
        need(text in known)
        return ident(text)

    return reader


def of(names: str) -> Callable[[str], str]:
    def reader(text: str) -> str:
        need(text in names.split())
        return text

    return reader


def maybe(reader: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: reader(text) if text else None


def zone(text: str) -> str:
    need(text in ZONES)
    return text


def currency(text: str) -> str:
    need(re.fullmatch("[A-Z]{3}", text) is not None and text in ("USD", "KRW"))
    return text


def emails(text: str) -> tuple[str, ...]:
    free(text)
    found = tuple(part.strip() for part in text.split(";") if part.strip())
    need(all(ADDRESS.fullmatch(part) and "." in part.partition("@")[2] for part in found))
    return found


def number(text: str) -> Decimal:
    need(NUMBER.fullmatch(text) is not None)
    return Decimal(text)


def people(text: str) -> int | None:
    if not text:
        return None
    value = number(text)
    need(value == int(value) and value < 2**31)
    return int(value)


def day(text: str) -> date:
    need(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None)
    try:
        return date(int(text[:4]), int(text[5:7]), int(text[8:]))
    except ValueError:
        raise WrongError from None


def meter(text: str) -> str:
    need(text in METERS)
    return text


def apart(contracts: list[tuple[Any, ...]]) -> None:
    """No contract of a customer covers a day of another, none ends before it starts."""
    spans = [(row[1], row[3], row[4] or date.max) for row in contracts]
    need(all(start < end for _, start, end in spans))
    for i, (customer, start, end) in enumerate(spans):
        need(not any(c == customer and start < e and s < end for c, s, e in spans[i + 1 :]))


def bands(tiers: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    found: dict[tuple[str, str], list[tuple[Any, Decimal]]] = {}
    for contract, name, upto, price in tiers:
        found.setdefault((contract, name), []).append((upto, price))
    for band in found.values():
        ends = [upto for upto, _ in band]
        need(ends[-1] is None and None not in ends[:-1])
        need(all(low < high for low, high in zip([Decimal(0), *ends[:-1]], ends[:-1], strict=False)))
    return [(*key, i, str(upto), price) for key, band in found.items() for i, (upto, price) in enumerate(band)]
