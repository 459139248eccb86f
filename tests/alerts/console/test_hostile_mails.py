"""Sixty hostile names in every mail: no header more, and in a reader that forbids nothing no element more."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Browser

from alerts.audit import Concern
from alerts.audit_letter import audit_letter
from alerts.charts import Bar, Chart, Level, Mark, bars, svg
from alerts.completeness import Told, heat_map
from alerts.console.mails import taken_apart
from alerts.mail import Letter, compose
from billing.catalog import Catalog
from tests.alerts.console.browser import Tab, tab
from tests.alerts.console.test_hostile_names import LOOK, Seen
from tests.alerts.partners import AT, CATALOG, SENDER, renamed
from tests.alerts.test_header_injection import headers, letters
from tests.fuzz.names import NAMES, ODD

KINDS = ("ticket", "review", "digest", "audit")
Shown = tuple[list[str], set[str]]


def mails(name: str) -> dict[str, Letter]:
    """Every kind of mail, with the name on partner, customer, org and meters."""
    meters = {**CATALOG.meters}
    for meter in ("logs_ingested", "infra_host"):
        meters[meter] = replace(meters[meter], name=name)
    concern = Concern("late", name, name, name)
    audit = audit_letter([concern], SENDER, ("a@b.example",), AT)
    return dict(zip(KINDS, [*letters(renamed(name), Catalog(meters, CATALOG.known)), audit], strict=True))


@cache
def usual() -> dict[str, Letter]:
    return mails("Name")


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[Callable[[Letter], Shown]]:
    """What a reader without any policy makes of a mail: its elements, and the addresses in it."""
    with tab(browser, "about:blank", token="") as here:
        yield lambda letter: _read(here, letter)


def _read(here: Tab, letter: Letter) -> Shown:
    mail = taken_apart(compose(letter))
    here.page.set_content(mail.html or "<p></p>")
    seen = Seen(**here.page.evaluate(LOOK))
    assert seen.acted is None and here.complaints.none, here.complaints
    return seen.skeleton, {url for url in seen.urls if not url.startswith("data:image/png;base64,")}


@pytest.mark.parametrize("k", range(len(NAMES)))
def test_a_mail_says_a_hostile_name_and_does_nothing(reader: Callable[[Letter], Shown], k: int) -> None:
    for kind, letter in mails(NAMES[k]).items():
        assert reader(letter) == reader(usual()[kind]), kind
        assert headers(letter) == headers(usual()[kind]), kind


def test_a_mail_without_escapes_is_seen(reader: Callable[[Letter], Shown]) -> None:
    letter = usual()["ticket"]
    for name in NAMES[:4]:
        try:
            assert reader(replace(letter, html=letter.html.replace("Name", name))) == reader(letter)
        except AssertionError:
            continue
        pytest.fail(f"{name} was taken for harmless")


@pytest.mark.parametrize("name", [*NAMES, *ODD])
def test_a_picture_with_a_hostile_name_is_the_same_picture(name: str) -> None:
    """As XML, which is stricter than any reader of SVG."""
    for hostile, tame in zip(_pictures(name), _pictures("Name"), strict=True):
        found, expected = ([one.tag for one in ElementTree.fromstring(text).iter()] for text in (hostile, tame))
        assert found == expected


def _pictures(name: str) -> list[str]:
    values = [1.0, 2.0, 3.0]
    at = {"level": Level(2.0, name), "marks": (Mark(AT, name),)}
    chart = Chart(name, "B", AT, values, values, [False, True, False], name, **at)
    told = Told("o1", AT, np.ones(3))
    return [svg(chart), bars(name, [Bar(name, 1.0, 2.0, name)], name), heat_map([told], {"o1": name}, str, str)]
