"""Every English sentence that the console can say, gathered from its templates and its code."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from jinja2 import Environment, nodes

import alerts
from alerts import completeness
from alerts.alert import VERDICTS
from alerts.answers import WORDS as ANSWERS
from alerts.board import STATES as OF_TICKETS
from alerts.console import app
from alerts.console.alert_hours import ZOOMS
from alerts.console.mails import HEADERS
from alerts.console.pages import recovery, tickets
from alerts.console.shown import word
from alerts.console.users import ROLES
from alerts.languages.en import ENGLISH
from alerts.listing import STATES as OF_ALERTS
from alerts.ticket import KINDS
from billing.book_files import DIGESTS, TIERS
from billing.catalog import PLANS

ROOT = Path(alerts.__file__).parent
TEMPLATES = sorted((ROOT / "console" / "templates").glob("*.html"))
CODE = [*(ROOT / "console").rglob("*.py"), ROOT / "completeness.py"]
DUES = ("notice", "end", "quote", "demand", "start", "change", "trial")
VALUES = {
    "alert ": (*OF_ALERTS, "open", "over", "comment", *VERDICTS.values()),
    "ticket ": OF_TICKETS,
    "kind ": KINDS,
    "due ": DUES,
    "why ": DUES,
    "letter ": ("due", "sending", "sent", "written", "failed"),
    "answer ": (*ANSWERS, "replied", "auto-replied", "delivered"),
    "digest ": DIGESTS,
    "zoom ": ZOOMS,
    "sum ": recovery.NAMES,
}
"""What can stand behind `word("alert " + ...)`."""
KINDS_OF_ALERTS = [said for name, said in ENGLISH.sentences.items() if name.startswith("found_")]
OTHERS = {
    "done.said": ("The generated words go out.", "These words go out."),
    "what": ("on demand", "amount"),  # the lines of a bill that nothing is filled into
    "one": (),  # of what was done or failed: of_code
    "user.role": ROLES,
    "partner.tier": TIERS,
    "name": HEADERS,
    "hours.counted": ("in all anomalous hours", "in the mean anomalous hour"),
    "word": tickets.CLOCKS.values(),
    "word(one.plan)": map(word, PLANS),
    "kind(one.kind)": KINDS_OF_ALERTS,
    "kind(alert.kind)": KINDS_OF_ALERTS,
    "kind(row.alert.kind)": KINDS_OF_ALERTS,
}
"""What other expressions than sentences are given to `_`, and which English each can be."""


def of_templates() -> Iterator[tuple[str, frozenset[str]]]:
    """(sentence, the names of what it is filled with)"""
    environment = Environment()
    for path in TEMPLATES:
        for call in environment.parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_":
                names = frozenset(one.key for one in call.kwargs)
                yield from ((sentence, names) for sentence in _english(call.args[0]))


def _english(expression: nodes.Expr) -> Iterator[str]:
    """What it can be. KeyError: say in VALUES or OTHERS what a new expression can be."""
    match expression:
        case nodes.Const(value=value):
            yield value
        case nodes.Call(node=nodes.Name(name="word"), args=[nodes.Const(value=value)]):
            yield word(value)
        case nodes.Call(node=nodes.Name(name="word"), args=[nodes.Add(left=nodes.Const(value=kind))]):
            yield from (word(kind + value) for value in VALUES[kind])
        case _:
            yield from OTHERS[_told(expression)]


def _told(expression: nodes.Node) -> str:
    """The expression as it is written."""
    match expression:
        case nodes.Const(value=value):
            return f'"{value}"'
        case nodes.Name(name=name):
            return str(name)
        case nodes.Getattr(node=node, attr=attr):
            return f"{_told(node)}.{attr}"
        case nodes.Add(left=left, right=right):
            return f"{_told(left)} + {_told(right)}"
        case nodes.Call(node=node, args=args):
            return f"{_told(node)}({', '.join(map(_told, args))})"
    raise TypeError(f"{expression}: write it more simply, or teach this")


def of_code() -> Iterator[tuple[str, frozenset[str]]]:
    """What the code gives to `say`, and puts onto a page as what was done or went wrong."""
    for path in CODE:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                names = frozenset(one.arg for one in call.keywords if one.arg) if name == "say" else frozenset()
                place = {"say": 0, "told": 0}.get(name, -1)
                if 0 <= place < len(call.args):
                    yield from ((sentence, names) for sentence in _constants(call.args[place]))
    yield from ((sentence, frozenset()) for sentence in (*app.FAULTS.values(), completeness.LABEL))


def _constants(expression: ast.expr) -> Iterator[str]:
    match expression:
        case ast.Constant(value=str(value)):
            yield value
        case ast.IfExp(body=body, orelse=orelse):
            yield from _constants(body)
            yield from _constants(orelse)


def places(sentence: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name)
