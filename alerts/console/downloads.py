"""Files that a browser saves and never shows."""

import re
import unicodedata
from urllib.parse import quote

from fastapi import Response

_PARTS = re.compile(r"[/\\:]")  # what a name must not have, lest it be a path


def attached(name: str) -> dict[str, str]:
    """The headers by which a browser saves an answer as a file of this name."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(_plain(name), safe='')}"}


def saved(name: str, content: bytes) -> Response:
    """The file, whatever is in it."""
    return Response(content, media_type="application/octet-stream", headers=attached(name))


def _plain(name: str) -> str:
    """The name without folders, and without what nobody sees or what turns it round (gnp.exe)."""
    seen = "".join(char for char in _PARTS.sub("_", name) if unicodedata.category(char)[0] != "C")
    return seen.strip(". ") or "file"
