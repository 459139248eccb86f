"""A mail as its reader sees it, in a frame of its own in which nothing acts."""

import base64
import re
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import HTMLResponse

from alerts.console.headers import MAIL_HEADERS
from alerts.mail import Letter

READ_ON = '<style>body:focus { outline: 3px solid #b45309; outline-offset: -3px }</style><body tabindex="0"'
"""The start of a mail's body: the Tab key comes into it, it is seen to be there, and the arrow keys read on."""
_CID = re.compile(r'"cid:([^"]+)"')


def mail_view(letter: Letter) -> Response:
    """The letter's HTML, its pictures within it."""
    pictures = {image.cid: base64.b64encode(image.png).decode() for image in letter.images}

    def inside(found: re.Match[str]) -> str:
        return f'"data:image/png;base64,{pictures.get(found[1], "")}"'

    html = letter.html.replace("<body", READ_ON, 1)
    return HTMLResponse(_CID.sub(inside, html), headers=MAIL_HEADERS)


def attached(name: str) -> dict[str, str]:
    """The headers by which a browser saves an answer as a file of this name."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
