"""Templates to the two bodies of a letter: HTML is always escaped, a value in plain text is always one line."""

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")  # and halves of letters


def bodies(name: str, **values: object) -> tuple[str, str]:
    """(plain text, HTML) of the templates `name`.txt and `name`.html. A value they lack raises UndefinedError."""
    text = _plain().get_template(f"{name}.txt").render(values)
    return re.sub(r"\n{3,}", "\n\n", text), _markup().get_template(f"{name}.html").render(values)


def words(name: str, **values: object) -> str:
    """The plain text of the template `name`.txt alone."""
    return _plain().get_template(f"{name}.txt").render(values).strip()


def one_line(value: object) -> str:
    """The value as text without line breaks or control characters, so that a name cannot forge a line."""
    return _LINE_BREAKS.sub(" ", str(value))


@cache
def _markup() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _plain() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=False,  # noqa: S701 plain text; HTML has an environment of its own
        undefined=StrictUndefined,
        finalize=one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )
