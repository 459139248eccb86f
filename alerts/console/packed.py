"""Answers packed for the wire, but for those in which a stranger could have a say."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

SMALL = 1000  # bytes that are sent as they are
LEVEL = 5


class Packed:
    """The app, with what it answers to a plain GET packed by gzip.

    An address with a query is not: whoever makes somebody follow a link with it, and sees how long the answer is, could
    find out what stands on the page beside it, the token of its forms first of all, letter by letter (BREACH).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.packing = app, GZipMiddleware(app, SMALL, LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        plain = scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]
        await (self.app if plain else self.packing)(scope, receive, send)
