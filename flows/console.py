"""The console of a workspace: what its pages are made of, who may come in, and the server that shows them."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache, partial
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from alerts import outbox, proofs, store
from alerts.console.house import House
from alerts.console.proxy_door import ProxyDoor
from alerts.console.session import Door
from alerts.console.token_door import TokenDoor
from alerts.console.users import User
from alerts.queue import UNDECIDED
from billing.database import reading
from billing.errors import Fault, SettingsError
from billing.hours import HOUR, floor_hour, iso
from flows import answers, bill, letters, tickets, verdicts
from flows import settings as settings_file
from flows.console_key import session_key
from flows.console_settings import Console, loopback
from flows.standings import Standings
from flows.wiring import App

SENT = {
    "sent": "Sent to {to}.",
    "written": "Written to a file: nobody was contacted yet. [tickets] sink says where letters go.",
    "due": "Not sent yet, it is tried again: {error}",
    "sending": "It is being sent.",
    "failed": "Not sent: {error}",
}
"""What became of a letter, by its delivery's state."""
STOPPING = 10  # seconds that requests have to end when the console is stopped


def house(app: App, now: Callable[[], datetime]) -> House:
    """What the pages are made of."""
    standings = Standings(app)
    return House(
        engine=app.engine,
        now=now,
        catalog=app.rules.catalog,
        desk=app.desk,
        least=app.settings.detection.least,
        book=app.book,
        clock=app.clock,
        rank=app.rules.rank,
        usage=app.lake.current,
        data_to=_data_to(app),
        bill=partial(bill.of_book, app),
        decide=partial(verdicts.give_all, app),
        undo=partial(verdicts.undo, app),
        comment=partial(verdicts.comment, app),
        put_off=partial(verdicts.put_off, app),
        draft=partial(letters.draft_of, app),
        letter=partial(letters.letter_of, app),
        reword=partial(letters.reword, app),
        send=partial(_send, app),
        phone=app.phone,
        figures=standings.figures,
        digest=standings.digest,
        proof=partial(proofs.content, app.workspace),
        answer=partial(answers.give, app),
    )


def _send(app: App, alert_id: str, who: str, note: str, at: datetime) -> Sequence[str]:
    """Confirm the alert, where nobody has, and send what is owed now; of what came of it, what its own tickets owed."""
    with reading(app.engine) as connection:
        mark, alert = store.judged(connection), store.alert(connection, alert_id)
    if mark and floor_hour(at) < mark.upto:
        what = f"usage was judged up to {iso(mark.upto)}: nothing is sent at a clock before that"
        raise SettingsError([Fault(alert_id, 0, "send", what)])
    if alert and alert.state in UNDECIDED:
        verdicts.give(app, alert_id, "confirm", who, note, at)
    tickets.settle_tickets(app, at)
    tickets.deliver(app, at, at)
    with reading(app.engine) as connection:
        months = {stake.month for stake in alert.stakes} if alert else ()
        found = store.tickets(connection, months)
        mine = [one.ticket_id for one in found if any(claim.alert_id == alert_id for claim in one.told)]
        sendings = [one for one in outbox.deliveries_of(connection, mine) if one.attempts or one.state == "due"]
    return [
        SENT[one.state].format(to=", ".join(one.to), error=one.error or f"{one.sink} does not answer")
        for one in sendings[-1:]
    ]


def _data_to(app: App) -> Callable[[], datetime | None]:
    """Asked of the lake again when it has another version."""

    @lru_cache(maxsize=1)
    def upto(_version: int) -> datetime | None:
        span = app.lake.span()
        return span and span[1] + HOUR

    return lambda: upto(app.lake.version)


def door(settings: Console, token: str, name: str) -> Door:
    """How people come in. Raises SettingsError, with every fault, for one that does not close."""
    if faults := door_faults(settings):
        raise SettingsError(faults)
    if settings.auth == "proxy":
        proxies = [ip_network(text) for text in settings.proxies]
        return ProxyDoor(proxies, settings.header, settings.people, urlsplit(settings.url).hostname or "")
    if settings.auth == "oidc":
        client = settings.client_id, settings.client_secret.get_secret_value()
        return _oidc(settings.url or address(settings), settings.issuer, client, settings.claim, settings.people)
    return TokenDoor(token, User(name, "admin"))


def door_faults(settings: Console) -> list[Fault]:
    """What leaves the door open, or nobody in."""
    return [Fault(settings_file.FILE, 0, f"console.{key}", what) for key, what in _open(settings)]


def _open(settings: Console) -> Iterator[tuple[str, str]]:
    """(key, what)"""
    if settings.auth == "token":
        if not loopback(settings.host):
            what = f"{settings.host} is not this machine alone, and a token is for one person at it: choose 127.0.0.1"
            yield "host", what
        return
    needed = {"oidc": ("issuer", "client_id", "people"), "proxy": ("proxies", "people")}[settings.auth]
    for key in needed:
        if not getattr(settings, key):
            yield key, f"console.auth is {settings.auth}, and this is not set"
    if settings.auth == "oidc" and not settings.url and not loopback(settings.host):
        yield "url", "is not set: the provider has to know where people reach the console"


def _oidc(*args: Any) -> Door:
    try:
        from alerts.console.oidc_door import OidcDoor
    except ImportError as error:
        what = "oidc needs the extra `console`: pip install 'floodmark[console]'"
        raise SettingsError([Fault(settings_file.FILE, 0, "console.auth", what)]) from error
    return OidcDoor(*args)


def new_token() -> str:
    return secrets.token_urlsafe(32)


def address(settings: Console) -> str:
    """Where it is reached."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def serve(app: App, now: Callable[[], datetime], name: str, say: Callable[[str], None]) -> None:
    """Show the console until stopped. say: takes the line with the address and the token."""
    import uvicorn

    from alerts.console.app import create

    settings, token = app.settings.console, new_token()
    way_in = door(settings, token, name)
    https = settings.url.startswith("https://")
    application = create(house(app, now), way_in, secure=https, key=session_key(app.workspace))
    reached = settings.url or address(settings)
    say(f"The console is at {reached}" + (f"/login?token={token}" if settings.auth == "token" else ""))
    uvicorn.run(
        application,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=STOPPING,
    )
