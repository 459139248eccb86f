"""Letters to the vendor's desk and to reviewers: golden texts, threads, evidence, and names that mean harm."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.alert import Ahead, Alert, Stake
from alerts.clock import month_clock
from alerts.evidence import COLUMNS, base_unit, cell, readable
from alerts.letter import asked, ticket_letter
from alerts.mail import Letter
from alerts.rendering import one_line
from alerts.review import review_letter
from alerts.ticket import Claim, Ticket, written
from billing.book import Book, Term
from billing.grid import Grid
from billing.hours import iso
from tests.alerts.page import check, page, received
from tests.alerts.partners import (
    AT,
    BOOK,
    CATALOG,
    DESK,
    DESKS,
    GRID,
    GROUNDS,
    HOSTS,
    KOREAN,
    LOGS,
    MONTH,
    SENDER,
    renamed,
    spike,
    ticket,
    usage,
)

GOLDEN = Path(__file__).parent / "golden"
MONEY = re.compile(r"[\d,]+(?:\.\d+)? (?:USD|KRW)")
LATE = datetime(2026, 9, 30, 13, tzinfo=UTC)
NO_USAGE = Grid((), GRID.start, np.zeros((0, 0), np.int64), np.zeros((0, 0), np.bool_))
OPENED = ticket(LOGS, HOSTS)
HARM = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table><h1>Paid</h1>",
    "{{ 7 * 7 }}{% raw %}",
    "x\r\nBcc: thief@evil.example",
    "x\n\nPlease ignore this request.\n",
    "a\u2028b\u2029c\x0bd\x85e\x00",
    "{customer.name!r} %s %n",
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "＝1+1",
    'a,b;"c"',
    "\u202egnp.exe",
    "&lt;b&gt;",
    "' onload='x",
    "]]>",
)
names = st.sampled_from(HARM) | st.text(min_size=1, max_size=60)


def letter(of: Ticket, *alerts: Alert, book: Book = BOOK, grid: Grid = GRID, at: datetime = AT) -> Letter:
    return ticket_letter(of, alerts, book, CATALOG, grid, DESKS, at, GROUNDS)


def review(*alerts: Alert, book: Book = BOOK, grid: Grid = GRID) -> Letter:
    clocks = {
        (customer_id, MONTH): month_clock(MONTH, DESK, ZoneInfo(book.partner_of(customer_id).time_zone), 48)
        for customer_id in book.customers
    }
    return review_letter(
        alerts, book, CATALOG, grid, "review-1", SENDER, ("a@b.example",), "America/New_York", clocks, AT
    )


def golden(name: str, found: Letter) -> None:
    """The subject and the text are those on file; a new file is written once and has to be read by a person."""
    file, said = GOLDEN / f"{name}.txt", f"{found.subject}\n\n{found.text}"
    if not file.exists():
        file.write_text(said, encoding="utf-8")
        pytest.fail(f"{file} was written anew: read it")
    assert said == file.read_text(encoding="utf-8")


CASES = {
    "usage": lambda: letter(OPENED, LOGS, HOSTS),
    "precaution": lambda: letter(ticket(KOREAN, kind="precaution", at=LATE), KOREAN, grid=usage(LATE), at=LATE),
    "vendor-fault": lambda: letter(
        ticket(replace(LOGS, state="vendor_fault"), kind="vendor_fault"), replace(LOGS, state="vendor_fault")
    ),
    "update": lambda: letter(
        replace(ticket(spike("or11", "logs_ingested", "900.00")), letters=1, told=OPENED.claims),
        LOGS,
        replace(HOSTS, state="dismissed"),
    ),
    "withdrawn": lambda: letter(
        replace(OPENED, claims=(), letters=2, told=OPENED.claims, state="withdrawn"),
        replace(LOGS, state="withdrawn", reasons=("a spike", "restated usage explains it away")),
        replace(HOSTS, state="vendor_fault"),
    ),
    "review": lambda: review(KOREAN, HOSTS, LOGS),
}


@pytest.mark.parametrize("case", CASES)
def test_golden_letters(case: str) -> None:
    found = CASES[case]()
    golden(case, found)
    shown = check(found)
    assert set(MONEY.findall(found.text)) == set(MONEY.findall(shown.text)), "both parts say the same money"
    assert received(found)["subject"] == found.subject
    assert CASES[case]() == found, "the same letter twice"


def test_question_amount_and_deadline_stand_at_the_top() -> None:
    found = letter(OPENED, LOGS, HOSTS)
    assert found.subject == (
        f"[{OPENED.ticket_id}] Waiver request: Oriole & Gable Freight, September 2026, 13,142.15 USD, "
        "answer needed by 1 Oct 00:00 UTC"
    )
    assert found.text.splitlines()[3].startswith("Please waive 13,142.15 USD of the charges of Oriole & Gable Freight")


def test_follow_ups_stay_in_the_thread() -> None:
    sent, following = [], OPENED
    for _ in range(3):
        sent.append(letter(following, LOGS, HOSTS))
        following = written(following, AT)
    first, second, third = sent
    assert first.in_reply_to is None and first.references == ()
    assert second.in_reply_to == first.message_id and second.references == (first.message_id,)
    assert third.in_reply_to == second.message_id and third.references == (first.message_id, second.message_id)
    assert len({one.message_id for one in sent}) == 3


def test_an_update_says_what_joined_left_and_moved() -> None:
    joined = letter(replace(ticket(LOGS, HOSTS), letters=1, told=ticket(HOSTS).claims), LOGS, HOSTS).text
    assert "Added: Logs ingested, org or11, 842.15 USD." in joined
    assert "It was 12,300.00 USD in our last letter." in joined
    moved = letter(
        replace(OPENED, letters=1, told=ticket(LOGS, spike("or11", "infra_host", "1.00")).claims), LOGS, HOSTS
    )
    assert "Changed: Infrastructure hosts, org or11, 12,300.00 USD instead of 1.00 USD." in moved.text
    assert "Added" not in moved.text and "Withdrawn" not in moved.text
    gone = letter(replace(ticket(LOGS), letters=1, told=OPENED.claims), LOGS)
    assert "Withdrawn: Infrastructure hosts, org or11, 12,300.00 USD: it is no longer claimed." in gone.text


def test_after_the_first_month_end_the_last_one_counts() -> None:
    at = datetime(2026, 10, 1, 2, tzinfo=UTC)
    found = letter(OPENED, LOGS, HOSTS, at=at)
    assert found.subject.endswith("answer needed by 1 Oct 04:00 UTC")
    assert "not yet in the last" in found.text


@pytest.mark.parametrize(
    ("call_from", "call_by", "said"),
    [
        (LATE, LATE + timedelta(hours=1), "Wed 30 Sep 2026 13:00 UTC to Wed 30 Sep 2026 14:00 UTC"),
        (LATE, None, "Wed 30 Sep 2026 13:00 UTC to Thu 1 Oct 2026 00:00 UTC"),
        (None, None, "Your desk has no open hour left before the deadline"),
    ],
)
def test_a_late_request_says_when_we_call(call_from: datetime | None, call_by: datetime | None, said: str) -> None:
    of = replace(OPENED, call_after_email=True, call_from=call_from, call_by=call_by)
    found = letter(of, LOGS, HOSTS, at=LATE)
    assert said in found.text and said in check(found).text
    assert "We will call" not in letter(OPENED, LOGS, HOSTS).text


def test_the_attachment_has_every_hour_exactly() -> None:
    file = letter(OPENED, LOGS, HOSTS).attachments[0]
    header, *rows = csv.reader(io.StringIO(file.content.decode("utf-8-sig")))
    assert tuple(header) == COLUMNS
    assert len(rows) == len(LOGS.hours) + len(HOSTS.hours)
    by_hour = {(row[1], row[9]): row for row in rows}
    for alert in (LOGS, HOSTS):
        column = GRID.keys.index(alert.key)
        for hour in alert.hours:
            actual = int(GRID.values[column, int((hour - GRID.start).total_seconds()) // 3600])
            expected, said, excess = map(int, by_hour[alert.alert_id, iso(hour)][-3:])
            assert (said, expected, excess) == (actual, alert.expected_at(hour), actual - expected)


def test_at_most_24_hours_are_listed_and_the_largest_are_kept() -> None:
    for alerts in ((LOGS,), (LOGS, HOSTS)):
        text = letter(ticket(*alerts), *alerts).text
        listed = re.findall(r"^\d+ Sep \d\d:00  \d+ Sep \d\d:00 -04:00 .* (\S+) GB$", text, re.MULTILINE)
        assert len(listed) == 24 // len(alerts)
        values = GRID.values[0, [int((hour - GRID.start).total_seconds()) // 3600 for hour in LOGS.hours]]
        assert max(map(float, listed)) == pytest.approx(values.max() / 1e9, rel=0.01)


def test_a_month_sees_its_own_hours_only() -> None:
    hours = tuple(datetime(2026, 8, 31, 20, tzinfo=UTC) + timedelta(hours=i) for i in range(10))
    over = replace(LOGS, hours=hours)
    assert "6 anomalous hours, from Tue 1 Sep 2026 00:00 UTC" in letter(ticket(over), over).text


def test_the_percentile_is_explained_where_it_bills() -> None:
    sentence = "billed at the 99th percentile"
    assert sentence in letter(ticket(HOSTS), HOSTS).text
    assert sentence not in letter(ticket(LOGS), LOGS).text
    contract = replace(BOOK.contracts["c-oriole"], terms={"infra_host": Term("infra_host", option="hourly")})
    book = replace(BOOK, contracts={**BOOK.contracts, "c-oriole": contract})
    assert sentence not in letter(ticket(HOSTS), HOSTS, book=book).text


def test_usage_that_is_not_at_hand_is_said_so() -> None:
    found = letter(ticket(HOSTS), HOSTS, grid=NO_USAGE)
    assert found.images == () and "not at hand" in found.text
    check(found)


def test_sums_of_currencies_never_mix_nor_fall_below_nothing() -> None:
    claims = [
        Claim("a", "o", "m", Decimal(amount), currency)
        for amount, currency in (("5", "USD"), ("7", "KRW"), ("-9", "USD"))
    ]
    assert asked(claims) == "7 KRW + 0.00 USD"
    lowered = spike("or11", "logs_ingested", "-3.00")
    assert "A negative amount lowers another claim." in letter(ticket(lowered, HOSTS), lowered, HOSTS).text


def test_quantities_for_people() -> None:
    def said(value: int, meter: str) -> str:
        return readable(value, CATALOG.meters[meter])

    assert said(1_234_567_890_123, "logs_ingested") == "1,235 GB"
    assert said(12_345_678, "logs_ingested") == "0.0123 GB"
    assert said(0, "logs_ingested") == "0 GB"
    assert said(12_345_678, "logs_indexed_15day") == "12.3 M events"
    assert said(999_999, "custom_metrics") == "999,999 metrics"
    assert said(1234, "infra_host") == "1,234 hosts"
    assert {base_unit(meter) for meter in CATALOG.meters.values()} >= {"bytes", "queries", "container-hours", "runs"}


def test_many_claims_keep_the_letter_short() -> None:
    many = [replace(LOGS, alert_id=f"al_{n:03d}", stakes=(Stake(MONTH, Decimal(n), "USD"),)) for n in range(1, 61)]
    found = letter(ticket(*many), *many, grid=NO_USAGE)
    check(found)
    assert "and 40 more, in the attached files" in found.text
    assert len(found.attachments[0].content.splitlines()) == 1 + 60 * len(LOGS.hours)


def test_reviewers_see_the_alerts_in_the_order_of_the_queue_and_what_is_still_to_come() -> None:
    small = spike("or11", "logs_ingested", "55.00", alert_id="al_small", provisional=7)
    soon = replace(HOSTS, next_cost=Ahead(2, Decimal("4120.00"), "USD", untold=1))
    found = review(small, soon, LOGS, KOREAN)
    order = [found.text.index(f"Decide: floodmark alert {one.alert_id} ") for one in (small, HOSTS, LOGS, KOREAN)]
    assert order == sorted(order)
    for said in (found.text, check(found).text):
        assert "2 more hours at this level cost 4,120.00 USD this month" in said
        assert "provisional: usage of the last 7 hours may still change" in said


@settings(max_examples=80, deadline=None)
@given(names)
def test_a_hostile_name_stays_a_name(name: str) -> None:
    """The structure of every letter is the one that a harmless name gives: no tag, line, header or reader more."""
    for write in (
        lambda book: letter(OPENED, LOGS, HOSTS, book=book, grid=NO_USAGE),
        lambda book: review(LOGS, HOSTS, book=book, grid=NO_USAGE),
    ):
        good, bad = write(renamed("Harmless")), write(renamed(name))
        assert page(bad).tags == page(good).tags
        assert bad.text.count("\n") == good.text.count("\n")
        assert len(bad.text.splitlines()) == len(good.text.splitlines())
        assert "\n" not in bad.subject
        there, expected = received(bad), received(good)
        assert there.keys() == expected.keys()
        assert (there["to"], there["from"]) == (expected["to"], expected["from"])
        assert [part.get_content_type() for part in there.walk()] == [
            part.get_content_type() for part in expected.walk()
        ]


@settings(max_examples=150, deadline=None)
@given(names)
def test_no_cell_is_a_formula(name: str) -> None:
    file = letter(ticket(HOSTS), HOSTS, book=renamed(name), grid=NO_USAGE).attachments[0]
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))
    assert len(rows) == 1 + len(HOSTS.hours) and {len(row) for row in rows} == {len(COLUMNS)}
    for row in rows[1:]:
        assert not any(text.strip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) for text in row)
        assert not any(set(text) & set("\r\n\t\0") for text in row)


@given(st.text())
def test_a_guarded_cell_keeps_its_words(text: str) -> None:
    assert cell(text).replace("'", "") == one_line(text).replace("'", "")
