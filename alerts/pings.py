"""A word to the people who must act now, by whatever they carry: through Apprise, an extra. Never a claim."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alerts.sinks.content import content
from alerts.sinks.parcel import Parcel, Receipt
from billing.errors import WorldError

_TALKATIVE = ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib")  # they write URLs, tokens included


def ping(urls: Sequence[str], title: str, text: str) -> None:
    """Tell all of them. `urls`: of Apprise, such as slack://..., ntfy://..., mailto://...; they are the operator's own.

    Raises WorldError where somebody was not told, which names the service and never the URL; the others were.
    """
    untold = []
    with _quiet():
        for number, url in enumerate(urls, start=1):
            service = _service(url)
            if service is None:
                untold.append(f"pings.urls {number} is not a URL that Apprise knows")
            elif not _told(service, title, text):
                untold.append(f"pings.urls {number} ({service.service_name}) took no message")
    if untold:
        raise WorldError("; ".join(untold))


class Ping:
    """The same as a sink: of a letter its subject and its text are told."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = tuple(urls)

    def send(self, parcel: Parcel) -> Receipt:
        """Raises WorldError where somebody was not told."""
        said = content(parcel.message)
        ping(self._urls, said.subject, said.text)
        return Receipt("sent", f"{len(self._urls)} told")


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
