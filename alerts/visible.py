"""Text without what nobody sees and machines obey."""

import unicodedata

_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
_BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def visible(text: str, keep: str = "\n\t") -> str:
    """The text with control characters, line separators and lone surrogates as spaces, and no bidi overrides."""
    return "".join(
        " " if unicodedata.category(char) in _UNPRINTABLE and char not in keep else char
        for char in text
        if char not in _BIDI_OVERRIDES
    )
