"""A word to the people who must act now, by whatever they carry: through Apprise, an extra. Never a claim."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alerts.sinks.content import content
from alerts.sinks.parcel import Parcel, Receipt
from billing.errors import WorldError

_TALKATIVE = ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib")  # they write URLs, tokens included


class Ping:
    """One of the people as a sink: of a letter its subject and its text are told.

    `url`: of Apprise, such as slack://..., ntfy://..., mailto://...; `number`: its place in the settings, from 1, by
    which it is named. The URL never is.
    """

    def __init__(self, number: int, url: str) -> None:
        self._number, self._url = number, url

    def send(self, parcel: Parcel) -> Receipt:
        """Raises WorldError."""
        said = content(parcel.message)
        with _quiet():
            service = _service(self._url)
            if service is None:
                raise WorldError(f"pings.urls {self._number} is not a URL that Apprise knows")
            name = f"pings.urls {self._number} ({service.service_name})"
            if not _told(service, said.subject, said.text):
                raise WorldError(f"{name} took no message")
        return Receipt("sent", f"{name} took it")


def unknown(urls: Sequence[str]) -> list[int]:
    """Which of the URLs, counted from 1, Apprise cannot make anything of. Raises WorldError without Apprise."""
    with _quiet():
        return [number for number, url in enumerate(urls, start=1) if _service(url) is None]


def _service(url: str) -> Any:
    try:
        import apprise
    except ImportError:
        raise WorldError("people are called through Apprise, and it is not there: install floodmark[pings]") from None
    return apprise.Apprise.instantiate(url, suppress_exceptions=True)


def _told(service: Any, title: str, text: str) -> bool:
    try:
        return bool(service.notify(title=title, body=text))
    except Exception:  # noqa: BLE001  whatever a service's code does, the next person must be told
        return False


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of them in the log: at DEBUG they write what must not be written."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
