"""Every template file, of whatever kind: what it is given stays text, however it means harm."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment

from alerts import rendering
from tests.alerts.page import Page

ROOT = Path(rendering.__file__).parent
FILES = sorted(path for path in ROOT.rglob("templates/**/*") if path.is_file())
PLAIN, MARKUP = (".txt",), (".html", ".svg", ".xml")
OURS = re.compile(r"cid:|/[a-z?]|\?|#|{{ static\(")
FILTERS = {"join", "list", "format", "capitalize", "length", "reverse", "sort"}
HARM = (
    "<script>alert(1)</script>",
    "\" onload='alert(1)' x=",
    "' onload=alert(1) x='",
    "</td></tr></table><h1>",
    "]]><!-- &lt;b&gt;",
    "{{ 7 * 7 }}{% raw %}",
    "x\r\nBcc: thief@evil.example\n\x0b\x0c\x1c\x85\u2028\u2029\x00y",
)


def skeleton(path: Path) -> str:
    """The template with every statement taken out, and every place where something is printed given the same."""
    source = re.sub(r"{%.*?%}|{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"{{.*?}}", "{{ it }}", source, flags=re.DOTALL)


def printed(environment: Environment, path: Path, it: str) -> str:
    return environment.from_string(skeleton(path)).render(it=it)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_template_is_of_a_kind_that_is_known_and_prints_through_known_filters(path: Path) -> None:
    assert path.suffix in PLAIN + MARKUP, "say here how it is escaped"
    source = path.read_text(encoding="utf-8")
    inside = " ".join(re.findall(r"{{.*?}}|{%.*?%}", source, flags=re.DOTALL))
    assert set(re.findall(r"\|\s*(\w+)", inside)) <= FILTERS
    assert not re.search(r"autoescape|Markup|\bimport\b", inside)
    if path.suffix in MARKUP:
        assert not re.search(r"=\s*{{", source), "an attribute without quotes"
        assert not re.search(r"<script(?! src=\"{{ static)|<style[^>]*>[^<]*{{|\son\w+=", source)
        places = re.findall(r'(?:src|href|action|formaction|hx-get|hx-post)="([^"]*{{[^"]*)', source)
        assert [place for place in places if not OURS.match(place)] == [], "an address that may lead elsewhere"


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("path", FILES, ids=named)
def test_nothing_that_is_printed_becomes_a_tag_or_an_attribute(path: Path, harm: str) -> None:
    """Files that are plain text by themselves too: they are included in letters of HTML."""
    markup = rendering._markup()
    assert markup.autoescape is True
    assert Page(printed(markup, path, harm)).tags == Page(printed(markup, path, "it")).tags


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("path", [path for path in FILES if path.suffix in PLAIN], ids=named)
def test_nothing_that_is_printed_as_text_becomes_a_line(path: Path, harm: str) -> None:
    plain = rendering._plain()
    found, expected = printed(plain, path, harm), printed(plain, path, "it")
    assert len(found.splitlines()) == len(expected.splitlines())
    assert not re.search(r"^Bcc:", found, re.MULTILINE)


def test_there_are_templates_of_both_kinds() -> None:
    assert {path.suffix for path in FILES} >= {".txt", ".html"}
