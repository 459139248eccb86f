"""The languages a partner can read its digest in, by the code in the book."""

from collections.abc import Mapping

from alerts.languages.en import ENGLISH
from alerts.languages.ko import KOREAN
from alerts.languages.ru import RUSSIAN
from alerts.words import Language

LANGUAGES: Mapping[str, Language] = {"en": ENGLISH, "ko": KOREAN, "ru": RUSSIAN}
