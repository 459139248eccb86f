"""E-mail addresses: one rule for the book, the settings and the mails."""

import re

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@)(?=.{{1,254}}$){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")


def valid_address(text: str) -> bool:
    """Whether the text is one bare e-mail address, `local@domain.example`, in ASCII (RFC 5321 without quoting)."""
    return _ADDRESS.fullmatch(text) is not None
