"""The phone task: when, whom and what to say; and that reviewers are told of it once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.phone import Phone, new_calls
from alerts.review import review_letter
from tests.alerts.page import check
from tests.alerts.partners import BOOK, CATALOG, GRID, KOREAN, LOGS, SENDER, ticket

LATE = datetime(2026, 9, 29, 20, tzinfo=UTC)  # after the last e-mail that can be answered, with the desk open
PHONE = Phone("+1 212 555 0100", ZoneInfo("America/New_York"), "Monday to Friday 09:00-18:00")
CALL = ticket(LOGS, at=LATE)


def test_the_task_has_number_hours_words_and_the_command_for_its_outcome() -> None:
    who, start, end, desk, say, then = PHONE.task(CALL, BOOK)
    assert who == f"Call +1 212 555 0100 about {CALL.ticket_id}"
    assert start == "From Tue 29 Sep 2026 16:00 UTC-04:00 = 20:00 UTC"
    assert end == "To Wed 30 Sep 2026 18:00 UTC-04:00 = 22:00 UTC"
    assert "842.15 USD" in say and "Oriole & Gable Freight" in say and "Wed 30 Sep 2026 20:00 UTC-04:00" in say
    assert "Monday to Friday 09:00-18:00" in desk
    assert then.startswith(f"Then: floodmark ticket {CALL.ticket_id} called --note ")


def test_a_partner_elsewhere_reads_its_own_clock_too() -> None:
    task = PHONE.task(ticket(KOREAN, at=LATE + timedelta(hours=17)), BOOK)
    assert any("UTC+09:00" in line for line in task)


def test_there_is_no_task_without_a_call_after_an_answer_or_when_no_window_is_left() -> None:
    assert PHONE.task(ticket(LOGS), BOOK) == []
    assert PHONE.task(replace(CALL, state="acknowledged"), BOOK) == []
    assert PHONE.task(replace(CALL, call_from=None, call_by=None), BOOK) == []
    assert PHONE.task(replace(CALL, state="sent"), BOOK)
    assert "no number is set: tickets.phone" in replace(PHONE, number="").task(CALL, BOOK)[0]


def test_reviewers_are_told_once_even_where_there_is_nothing_else_to_review() -> None:
    assert new_calls([], [CALL], LATE) == [CALL]
    assert new_calls([CALL], [CALL], LATE) == []
    assert new_calls([], [CALL], LATE + timedelta(hours=1)) == []
    task = PHONE.task(CALL, BOOK)
    to = ("review-1", SENDER, ("a@b.example",), "America/New_York", {})
    found = review_letter((), BOOK, CATALOG, GRID, *to, LATE, calls=[task])
    assert found.subject == "To call: 1"
    assert all(line in found.text for line in task)
    assert "Say for each" not in found.text and "called --note" in check(found).text
    both = review_letter((LOGS,), BOOK, CATALOG, GRID, *to, LATE, calls=[task])
    assert both.subject == "To call: 1, and to review: 1"
