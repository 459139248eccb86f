"""The console's languages: English stands in templates and code; another one is a table from it."""

from alerts.console.languages.ko import KOREAN
from alerts.console.languages.ko_desks import DESKS
from alerts.console.languages.ko_health import HEALTH, TODO
from alerts.console.languages.ko_written import PIECES, WRITTEN
from alerts.console.tongue import Tongue
from alerts.languages.en import ENGLISH
from alerts.languages.ko import KOREAN as IN_MAILS
from alerts.words import Language


def _shared(language: Language) -> dict[str, str]:
    """What mails say too, from English."""
    return {english: language.sentences[name] for name, english in ENGLISH.sentences.items()}


TONGUES = {
    "en": Tongue("en", "English", ENGLISH, {}, {}, {}),
    "ko": Tongue("ko", "한국어", IN_MAILS, _shared(IN_MAILS) | KOREAN | DESKS, WRITTEN | HEALTH, PIECES | TODO),
}
