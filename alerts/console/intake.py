"""What is let in at all: bodies of a bearable size, one length to a request, and HEAD wherever there is GET."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FILES = 40_000_000  # bytes of a form that may bring files along
WORDS = 400_000  # bytes of any other body
LENGTHS = {b"content-length", b"transfer-encoding"}


class Intake:
    """The app, which hears of no body that is too large: reading one raises HTTPException 413 in it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        most = FILES if headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data") else WORDS
        head, ambiguous = scope["method"] == "HEAD", headers.keys() >= LENGTHS
        got = 0

        async def bearable() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > most:
                raise HTTPException(413)
            return message

        async def answer(message: Message) -> None:
            if head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            if ambiguous and message["type"] == "http.response.start":  # what follows may be no request (RFC 9112, 6.1)
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        await self.app({**scope, "method": "GET"} if head else scope, bearable, answer)
