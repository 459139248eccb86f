"""What is let in at all: requests of a bearable size, and HEAD wherever there is GET."""

from collections.abc import MutableMapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FILES = 40_000_000  # bytes of a form that may bring files along
WORDS = 400_000  # bytes of any other
PATIENCE = 4  # times as much is read and thrown away, so that a browser hears the answer


class Intake:
    """The app, which hears of no body that is too large: reading one raises HTTPException 413 in it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = FILES if _header(scope, b"content-type").lower().startswith(b"multipart/form-data") else WORDS
        got = 0

        async def bearable() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got <= most:
                return message
            while message.get("more_body") and got <= PATIENCE * most:
                message = await receive()
                got += len(message.get("body", b""))
            raise HTTPException(413)

        async def headless(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        if scope["method"] == "HEAD":
            await self.app({**scope, "method": "GET"}, bearable, headless)
        else:
            await self.app(scope, bearable, send)


def _header(scope: MutableMapping[str, Any], name: bytes) -> bytes:
    return next((bytes(value) for key, value in scope["headers"] if key == name), b"")
