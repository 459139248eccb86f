"""The console's words: English stands in the templates, other languages are a table from it."""

from collections.abc import Callable, Mapping

from alerts.console.languages.ko import KOREAN
from alerts.console.languages.ko_desks import DESKS
from alerts.console.languages.ko_letters import LETTERS

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": {}, "ko": KOREAN | DESKS | LETTERS}


def sentence(language: str) -> Callable[..., str]:
    """`_("{n} hours", n=3)`: the sentence in that language, filled; English where it is not translated."""
    table = LANGUAGES[language]

    def said(english: str, **values: object) -> str:
        return table.get(english, english).format(**values) if values else table.get(english, english)

    return said
