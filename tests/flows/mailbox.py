"""A mail server on loopback that keeps what it gets."""

from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller


class Mailbox:
    """`messages` in the order they came. `refusal`: what the server answers instead; `on_message` is called first."""

    def __init__(self, port: int = 0) -> None:
        self.messages: list[EmailMessage] = []
        self.refusal = ""
        self.on_message: Callable[[], None] = lambda: None
        self._controller = Controller(self, hostname="127.0.0.1", port=port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._controller.server.sockets[0].getsockname()[1]}"

    @property
    def settings(self) -> dict[str, str]:
        """What makes a workspace send its tickets here."""
        return {"FLOODMARK_MAIL__URL": self.url, "FLOODMARK_TICKETS__SINK": "smtp"}

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in self.messages if address in message["To"]]

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name for it
        self.on_message()
        if self.refusal:
            return self.refusal
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return f"250 OK queued as {len(self.messages)}"
