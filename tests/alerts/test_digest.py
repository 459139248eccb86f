"""The partner's digest: golden texts in each language, sums, size, and nothing of another partner."""

import re
import string
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from alerts import rendering
from alerts.alert import NOT_LIVE, VERDICTS, Ahead
from alerts.digest import Standing, digest_letter
from alerts.languages import LANGUAGES
from alerts.mail import Letter
from alerts.projection import Estimate
from alerts.standing import Sending, at_stake, sums
from alerts.ticket import ANSWERED, KINDS
from alerts.words import drawable
from billing.book import Book, Customer
from billing.money import money_text
from tests.alerts.page import check, page, received
from tests.alerts.partners import (
    AT,
    BOOK,
    CATALOG,
    DAWN_STANDING,
    HOSTS,
    KOREAN,
    LOGS,
    SENDER,
    STANDINGS,
    WREN,
    WREN_STANDING,
    ahead,
    line,
    renamed,
    ticket,
)
from tests.alerts.test_letter import MONEY, golden, names


def digest(standing: Standing, book: Book = BOOK) -> Letter:
    return digest_letter(standing, book, CATALOG, "digest-1", SENDER, "America/New_York")


@pytest.mark.parametrize("language", STANDINGS)
def test_golden_digests(language: str) -> None:
    found = digest(STANDINGS[language])
    golden(f"digest-{language}", found)
    shown = check(found)
    assert set(MONEY.findall(found.text)) == set(MONEY.findall(shown.text)), "both parts say the same money"
    assert found.to == STANDINGS[language].partner.emails
    assert digest(STANDINGS[language]) == found, "the same digest twice"
    assert received(found)["List-Unsubscribe"] == "<mailto:claims@reseller.example?subject=unsubscribe>"


def test_languages_say_the_same_things() -> None:
    def placeholders(sentence: str) -> list[str]:
        return sorted(name for _, name, _, _ in string.Formatter().parse(sentence) if name)

    english = LANGUAGES["en"].sentences
    for language in LANGUAGES.values():
        assert list(language.sentences) == list(english)
        assert {key: placeholders(text) for key, text in language.sentences.items()} == {
            key: placeholders(text) for key, text in english.items()
        }
        assert all(language.sentences.values())
        assert (len(language.months), len(language.dated_months), len(language.weekdays)) == (12, 12, 7)
        assert drawable("".join((*language.drawn[:-1], *language.drawn.months)))


def test_every_state_has_words_in_every_language() -> None:
    states = {f"alert_{state}" for state in ("open", "over", *NOT_LIVE, *VERDICTS.values())}
    states |= {f"ticket_{state}" for state in ("draft", "open", "sent", "expired", "withdrawn", *ANSWERED)}
    states |= {f"kind_{kind}" for kind in KINDS}
    for language in LANGUAGES.values():
        assert states <= language.sentences.keys()


def test_an_instant_is_never_bare() -> None:
    at = datetime(2026, 9, 30, 15, tzinfo=UTC)
    english = LANGUAGES["en"]
    assert english.moment(at) == "Wed 30 Sep 2026 15:00 UTC"
    assert english.moment(at, ZoneInfo("Asia/Kolkata")) == "Wed 30 Sep 2026 20:30 UTC+05:30 (Asia/Kolkata)"
    zones = [ZoneInfo(name) for name in ("America/New_York", "UTC", "Asia/Seoul", "America/New_York")]
    assert english.moments(at, *zones) == (
        "Wed 30 Sep 2026 11:00 UTC-04:00 = 15:00 UTC = Thu 1 Oct 2026 00:00 UTC+09:00"
    )
    assert LANGUAGES["ko"].day(date(2026, 9, 30)) == "2026년 9월 30일(수)"
    assert LANGUAGES["ru"].day(date(2026, 5, 9)) == "сб, 9 мая 2026"


def test_sums_are_those_of_the_priced_lines() -> None:
    for standing in (WREN_STANDING, DAWN_STANDING):
        currency = standing.partner.currency
        (whole,) = sums(standing, lambda _: "")
        assert whole.to_date == sum((x.amount for x in standing.to_date if x.amount is not None), Decimal(0))
        paths = [sum(path) for path in zip(*(x.amounts for x in standing.projected if x.amounts), strict=True)]
        assert whole.projected == Estimate.of(paths)
        by_customer = sums(standing, lambda x: x.customer_id)
        assert sum(one.projected.middle for one in by_customer) == whole.projected.middle
        middles = [one.projected.middle for one in by_customer]
        assert middles == sorted(middles, reverse=True)
        assert money_text(whole.to_date, currency) in digest(standing).subject


def test_a_forecast_says_between_what() -> None:
    found = digest(WREN_STANDING)
    said = "Forecast at month end: 25,169.20 USD, between 21,393.83 USD and 29,196.27 USD, four times in five"
    assert said in found.text
    settled = [replace(x, amounts=(x.amounts[0],) * len(x.amounts)) for x in WREN_STANDING.projected if x.amounts]
    assert "four times in five" not in digest(replace(WREN_STANDING, projected=settled)).text


def test_two_currencies_are_two_sums() -> None:
    euro = replace(line("lantern", "logs_ingested", "77.00"), currency="EUR")
    coming = replace(ahead("lantern", "logs_ingested", "77.00"), currency="EUR")
    text = digest(
        replace(WREN_STANDING, to_date=[*WREN_STANDING.to_date, euro], projected=[*WREN_STANDING.projected, coming])
    ).text
    assert "Month to date: 77.00 EUR" in text and "Month to date: 23,773.69 USD" in text


def test_no_currency_crowds_out_another() -> None:
    """Of 40 customers in euros and one in dollars, the partner's own currency, the dollars are listed first."""
    euros = [
        replace(line("lantern", "logs_ingested", f"{n + 1}000.00"), customer_id=f"e{n}", currency="EUR")
        for n in range(40)
    ]
    coming = [
        replace(ahead("lantern", "logs_ingested", f"{n + 1}000.00"), customer_id=f"e{n}", currency="EUR")
        for n in range(40)
    ]
    dollars = ahead("oriole", "logs_ingested", "1.00")
    found = sums(replace(WREN_STANDING, to_date=euros, projected=[*coming, dollars]), lambda x: x.customer_id)
    assert [one.of for one in found[:4]] == ["oriole", "e39", "e38", "e37"]
    assert [one.to_date for one in found[:2]] == [Decimal(0), Decimal("40000.00")]


def test_what_is_at_stake_is_loud_and_live() -> None:
    dismissed = replace(HOSTS, state="dismissed")
    assert at_stake(WREN_STANDING, "USD") == Decimal("13142.15")
    assert at_stake(replace(WREN_STANDING, alerts=[LOGS, dismissed]), "USD") == Decimal("842.15")
    assert at_stake(WREN_STANDING, "KRW") == 0
    text = digest(replace(WREN_STANDING, alerts=[dismissed, LOGS])).text
    assert text.index("842.15 USD, confirmed") < text.index("12,300.00 USD, dismissed")


@pytest.mark.parametrize("language", LANGUAGES)
def test_usage_that_stopped_is_told_and_neither_counted_nor_claimed(language: str) -> None:
    standing, say = STANDINGS[language], LANGUAGES[language].say
    (alert, *_) = standing.alerts
    stopped = replace(alert, alert_id="al_gone", kind="disappearance", quiet=True, state="open", stakes=(), actual=0)
    before, found = digest(standing), digest(replace(standing, alerts=[*standing.alerts, stopped]))
    back = digest(replace(standing, alerts=[*standing.alerts, replace(stopped, state="over")]))
    text = check(found).text
    for said in (found.text, text):
        assert say("stopped") in said and say("stopped_rule") in said
    assert say("stopped") not in before.text
    assert len(found.text.splitlines()) == len(back.text.splitlines()) == len(before.text.splitlines()) + 4
    assert found.text != back.text
    dismissed = digest(replace(standing, alerts=[*standing.alerts, replace(stopped, state="dismissed")]))
    assert dismissed.text == before.text


def test_a_spike_says_what_more_of_it_costs_and_which_hours_may_change() -> None:
    ahead_of = Ahead(2, Decimal("4120"), "USD")
    for language, standing in STANDINGS.items():
        (alert, *_) = standing.alerts
        found = digest(replace(standing, alerts=[replace(alert, next_cost=ahead_of, provisional=5)]))
        for said in (found.text, check(found).text):
            assert LANGUAGES[language].say("next_cost", count=2, amount="4,120.00 USD") in said
            assert LANGUAGES[language].say("provisional", count=5) in said


def test_every_kind_has_words_in_every_language() -> None:
    for language in LANGUAGES.values():
        kinds = [language.kind(kind) for kind in ("spike", "shift", "ramp", "first_use", "disappearance")]
        assert len({*kinds}) == 5 and not {*kinds} & {"shift", "ramp", "disappearance"}
        assert language.kind("some_new") == "some new"


def test_a_settled_ticket_has_no_clock() -> None:
    granted = replace(WREN_STANDING, tickets=[ticket(LOGS, state="granted")])
    text = digest(granted).text
    assert "granted" in text and "Deadline" not in text and "Claims for" not in text
    assert "Deadline" in digest(WREN_STANDING).text


def test_an_empty_month_is_a_letter_too() -> None:
    empty = replace(
        WREN_STANDING,
        to_date=[],
        projected=[],
        alerts=[],
        tickets=[],
        deliveries={},
        complete_to=None,
        unassigned=[],
        unknown_products=[],
        uncontracted=[],
    )
    found = digest(empty)
    check(found)
    assert found.images == ()
    for sentence in ("Nothing has been billed", "No spike this month", "No ticket is open", "No usage has arrived"):
        assert sentence in found.text


def test_contracts_that_end_unfollowed_within_120_days() -> None:
    def ending(end: date | None) -> bool:
        contract = replace(BOOK.contracts["c-lantern"], end=end)
        return "c-lantern ends" in digest(WREN_STANDING, replace(BOOK, contracts={"c-lantern": contract})).text

    today = AT.date()
    assert [ending(today + timedelta(days)) for days in (0, 1, 120, 121)] == [False, True, True, False]
    assert not ending(None)
    next_one = replace(BOOK.contracts["c-oriole"], contract_id="c-next", start=date(2026, 11, 1), end=None)
    assert (
        "c-oriole ends"
        not in digest(WREN_STANDING, replace(BOOK, contracts={**BOOK.contracts, "c-next": next_one})).text
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_large_partner_fits_into_one_mail(language: str) -> None:
    """200 customers with names of 200 letters of three bytes, each with a spike and a ticket: at most 80 kB."""
    name = "나래고양이상점" * 30
    customers = {f"c{n:03d}": Customer(f"c{n:03d}", "wren", f"{n} {name}", None, "none") for n in range(200)}
    contracts = {
        id_: replace(BOOK.contracts["c-oriole"], contract_id=f"{id_}{name}", customer_id=id_) for id_ in customers
    }
    orgs = {"or11": replace(BOOK.orgs["or11"], name=name)}
    book = Book({"wren": WREN}, customers, orgs, contracts)
    lines = [
        replace(line("oriole", meter, f"{n + 1}000000.99"), customer_id=id_, contract_id=f"{id_}{name}")
        for n, id_ in enumerate(customers)
        for meter in list(CATALOG.meters)[:12]
    ]
    late = ticket(HOSTS, at=datetime(2026, 9, 30, 12, tzinfo=UTC))
    tickets = [replace(late, ticket_id=f"tk_{id_}", customer_id=id_) for id_ in customers]
    standing = replace(
        WREN_STANDING,
        partner=replace(WREN, language=language, time_zone="America/Argentina/ComodRivadavia", name=name),
        to_date=[*lines, *(replace(x, amount=None) for x in lines)],
        projected=[
            replace(ahead("oriole", x.meter, str(x.amount)), customer_id=x.customer_id, contract_id=x.contract_id)
            for x in lines
        ],
        alerts=[replace(HOSTS, alert_id=f"al_{id_}", customer_id=id_) for id_ in customers],
        tickets=tickets,
        deliveries={
            x.ticket_id: Sending("failed", "the server at mail.vendor.example answered 550 no such mailbox")
            for x in tickets
        },
        unassigned=[{"org_id": f"{n}{name}", "rows": n} for n in range(99)],
        unknown_products=[{"product_family": name, "usage_type": f"{n}{name}", "rows": n} for n in range(99)],
        uncontracted=[{"customer_id": id_, "meter": "infra_host", "hours": 5} for id_ in customers],
    )
    found = digest(standing, book)
    check(found)
    assert LANGUAGES[language].say("more", count=180) in found.text


def test_nothing_of_another_partner() -> None:
    """The book has both partners; each digest has the names and ids of its own only."""
    for mine, theirs in ((WREN_STANDING, DAWN_STANDING), (DAWN_STANDING, WREN_STANDING)):
        found = digest(mine)
        said = f"{found.subject}\n{found.text}\n{page(found).text}"
        others = [customer for customer in BOOK.customers.values() if customer.partner_id == theirs.partner.partner_id]
        secrets = [theirs.partner.name, *theirs.partner.emails]
        for customer in others:
            secrets += [customer.name, *(org.name for org in BOOK.orgs_of[customer.customer_id])]
            secrets += [contract.contract_id for contract in BOOK.contracts_of[customer.customer_id]]
        secrets += [x.ticket_id for x in theirs.tickets]
        assert not [secret for secret in secrets if secret in said]
        assert mine.partner.name in said


@pytest.mark.parametrize(
    "leak",
    [
        {"to_date": DAWN_STANDING.to_date},
        {"projected": DAWN_STANDING.projected},
        {"alerts": [KOREAN]},
        {"tickets": DAWN_STANDING.tickets},
    ],
)
def test_a_standing_with_another_partner_is_refused(leak: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a digest for wren would tell of dawn"):
        replace(WREN_STANDING, **leak)


@settings(max_examples=60, deadline=None)
@given(names)
def test_a_hostile_name_stays_a_name(name: str) -> None:
    def told(name: str) -> Letter:
        book = renamed(name)
        return digest(replace(WREN_STANDING, partner=book.partners["wren"]), book)

    good, bad = told("Harmless"), told(name)
    assert page(bad).tags == page(good).tags
    assert len(bad.text.splitlines()) == len(good.text.splitlines())
    assert "\n" not in bad.subject
    there, expected = received(bad), received(good)
    assert there.keys() == expected.keys() and there["to"] == expected["to"]


def test_templates_escape_everything() -> None:
    """No template switches escaping off or writes an attribute without quotes."""
    templates = Path(rendering.__file__).parent / "templates"
    sources = [path.read_text() for path in templates.glob("*.html")]
    assert len(sources) >= 4
    for source in sources:
        assert not re.search(r"\|\s*safe|autoescape|\bMarkup\b", source)
        assert not re.search(r"=\{\{", source)
