"""The console in another language: nothing of it is missing, nothing is left over, nothing stays in English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import alerts
from alerts.console.languages import TONGUES, ko, ko_desks, ko_health, ko_written
from alerts.languages.en import ENGLISH
from alerts.languages.ko import KOREAN
from tests.alerts.console.sentences import of_code, of_templates, places

SAID = TONGUES["ko"]
OWN = {**ko.KOREAN, **ko_desks.DESKS}
WRITTEN = {**ko_written.WRITTEN, **ko_health.HEALTH}
PIECES = {**ko_written.PIECES, **ko_health.TODO}
SENTENCES = [*of_templates(), *of_code()]
ROOT = Path(alerts.__file__).parents[1]


def test_every_sentence_is_there_in_korean() -> None:
    assert {sentence for sentence, _ in SENTENCES} - SAID.sentences.keys() - SAID.written.keys() == set()


def test_no_sentence_is_left_over_or_said_twice() -> None:
    """What mails say too stands with them; the code's parts of it are in SENTENCES."""
    spare = OWN.keys() - {sentence for sentence, _ in SENTENCES}
    assert spare == set()
    assert not ko.KOREAN.keys() & ko_desks.DESKS.keys()
    assert not OWN.keys() & set(ENGLISH.sentences.values())
    assert not OWN.keys() & WRITTEN.keys()


def test_mails_say_the_same_english_in_the_same_korean() -> None:
    pairs = {(english, KOREAN.sentences[name]) for name, english in ENGLISH.sentences.items()}
    assert len({english for english, _ in pairs}) == len(pairs)


@pytest.mark.parametrize("table", [OWN, WRITTEN, PIECES], ids=["own", "written", "pieces"])
def test_both_sides_have_the_same_places(table: dict[str, str]) -> None:
    for english, korean in table.items():
        assert korean and (places(korean) == places(english)), english
        assert re.search("[가-힣]", korean), english


def test_a_sentence_is_filled_with_what_it_has_places_for() -> None:
    for sentence, names in SENTENCES:
        assert not names or names == places(sentence), sentence


WRITERS = {
    "detectors/scan.py": ("finding_of",),
    "detectors/windows.py": ("_rarity",),
    "detectors/kinds/spike.py": (),
    "detectors/kinds/shift.py": (),
    "detectors/kinds/ramp.py": (),
    "detectors/kinds/first_use.py": (),
    "detectors/kinds/disappearance.py": (),
    "alerts/teaching.py": ("why", "_alike"),
    "alerts/life.py": ("advance", "_parts", "_next_state"),
    "alerts/alert.py": ("take_back",),
    "alerts/snooze.py": ("why_not", "snooze", "wake"),
    "alerts/billed.py": (),
    "alerts/answers.py": (),
    "alerts/health.py": ("ailments",),
    "alerts/audit.py": (),
    "alerts/journal.py": ("fault",),
    "alerts/outbox.py": ("drain", "_hopeless", "_send"),
    "billing/rating.py": ("rate",),
    "billing/sources/rows.py": ("_id_fault", "_instant_fault", "_hour_fault", "_quantity_fault"),
    "billing/sources/csv_lines.py": ("_instead_of", "_fields"),
    "billing/hours.py": ("parse_time",),
    "flows/answers.py": ("_known", "_fitting"),
    "flows/audit.py": ("concerns", "holes"),
    "flows/console.py": ("SENT", "_send"),
    "flows/detect.py": ("_opinion",),
    "flows/letters.py": ("reword",),
    "flows/replies.py": ("_handle", "_act", "_reached", "_bounced", "read_replies"),
    "flows/verdicts.py": ("give_all", "undo", "comment", "_changed"),
    "alerts/wording.py": ("changed_since", "faults"),
    "alerts/console/app.py": ("_told",),
    "alerts/console/session.py": ("own_form", "needs"),
    "alerts/console/people.py": (),
    "alerts/console/token_door.py": (),
    "alerts/console/oidc_door.py": ("back",),
    "alerts/console/proxy_door.py": (),
    "alerts/console/pages/letter.py": (),
    "alerts/console/pages/tickets.py": ("_amount",),
}
"""Where English is filled that the console shows: file -> functions and names, all of it for none."""
NOT_SHOWN = {"in time", "dead letter", "next step", "hour value", "quantity value", "seen before", "bounce again"}


def _texts(path: str, names: tuple[str, ...]) -> Iterator[str]:
    """The texts of two words or more, each without what is filled in."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    parts = [one for one in ast.walk(tree) if _name(one) in names] if names else [tree]
    assert len(parts) >= len(names), path
    documents = {id(one.body[0].value) for part in parts for one in ast.walk(part) if _documented(one)}  # type: ignore
    for part in parts:
        for one in ast.walk(part):
            if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
                documents.add(id(one.value))
        for one in ast.walk(part):
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in documents:
                yield one.value


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return getattr(node, "name", "")


def _documented(node: ast.AST) -> bool:
    body = getattr(node, "body", None)
    return isinstance(body, list) and bool(body) and isinstance(body[0], ast.Expr) and hasattr(body[0], "value")


def _chunks(text: str) -> Iterator[str]:
    """What of it is fixed, without commands and the punctuation at its ends."""
    for chunk in re.split(r"\{[^}]*\}|`[^`]*(?:`|$)|, or ", text):
        if " " in (stripped := chunk.strip(" :;,.()'-")):
            yield stripped


def test_whatever_english_is_filled_elsewhere_is_known_here() -> None:
    known = "\0".join([*WRITTEN, *PIECES, *SAID.sentences])
    texts = ((path, text) for path, names in WRITERS.items() for text in _texts(path, names) if text not in NOT_SHOWN)
    assert [(path, text) for path, text in texts if not all(chunk in known for chunk in _chunks(text))] == []


def test_no_english_is_known_here_that_nobody_fills() -> None:
    texts = [text for path, names in WRITERS.items() for text in _texts(path, names)]
    filled = "\0".join([*texts, *(sentence for sentence, _ in SENTENCES)])
    assert [english for english in [*WRITTEN, *PIECES] if not all(chunk in filled for chunk in _chunks(english))] == []
