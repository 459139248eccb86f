"""A mail as its reader sees it, in a frame of its own in which nothing acts."""

import base64
import re
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import HTMLResponse

from alerts.console.headers import MAIL_HEADERS
from alerts.mail import Letter

_CID = re.compile(r'"cid:([^"]+)"')


def mail_view(letter: Letter) -> Response:
    """The letter's HTML, its pictures within it."""
    pictures = {image.cid: base64.b64encode(image.png).decode() for image in letter.images}

    def inside(found: re.Match[str]) -> str:
        return f'"data:image/png;base64,{pictures.get(found[1], "")}"'

    return HTMLResponse(_CID.sub(inside, letter.html), headers=MAIL_HEADERS)


def attached(name: str) -> dict[str, str]:
    """The headers by which a browser saves an answer as a file of this name."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
