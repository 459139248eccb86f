"""A house in which everything that has a name has one of a list: partners, customers, orgs, people, notes, files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Request
from sqlalchemy import insert, update
from sqlalchemy.engine import Connection

from alerts import answer_store, cycles, journal, outbox, store, tables
from alerts.alert import Alert, Transition
from alerts.answers import Answer, Proof
from alerts.console.users import User
from alerts.cycles import Ran
from alerts.mail import Attachment, Letter
from alerts.ticket import Ticket
from billing import book_store
from billing.book import Book
from billing.database import transaction
from billing.hours import HOUR
from flows.wiring import App
from tests.flows.two_partners import NOW, ids, two_partners

LETTER = Letter("us@r.example", ("desk@v.example",), "", "", "<k@r.example>", NOW, html="<p>x</p>")


class NamedDoor:
    """Everybody is an approver, called as the header X-Name says, by its place in the list."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names, self.router = names, APIRouter()

    def user(self, request: Request) -> User:
        return User(self._names[int(request.headers.get("x-name", 0))], "approver")


@dataclass(frozen=True)
class Sixty:
    """names: what is shown. of: the k-th partner, customer, org, alert and ticket have the ids of `k`."""

    app: App
    names: Sequence[str]

    def alert_id(self, k: int) -> str:
        return f"al_{k:012x}"

    def ticket_id(self, k: int) -> str:
        return f"tk_{k:012x}"

    def of(self, k: int) -> dict[str, str]:
        """The k-th of everything, by the name of a parameter."""
        id_ = self.id(k)
        known = {"partner_id": id_, "customer_id": id_, "org_id": id_, "key": f"{self.ticket_id(k)}-1", "number": "0"}
        return known | {"alert_id": self.alert_id(k), "ticket_id": self.ticket_id(k)}

    def id(self, k: int) -> str:
        """A name is an id too, as far as the book takes it for one."""
        name = self.names[k]
        return f"{name}{k}"[:200] if name.isprintable() else f"odd{k}"

    def searches(self, k: int) -> Iterator[str]:
        """Addresses with the k-th name in them."""
        yield from (path.format(quote(self.names[k], safe="")) for path in SEARCHES)


DETAILS = (
    "/alerts/{alert_id}",
    "/tickets/{ticket_id}",
    "/tickets/{ticket_id}/letters/{key}",
    "/digests/{partner_id}",
)
SEARCHES = (
    "/?state=all&q={}",
    "/?customer=c1&after={0}&verdict={0}",
    "/customers?q={}",
    "/alerts/al_000000000000?zoom={0}&first={0}&last={0}",
    "/tickets/tk_000000000000?done={}",
)
LISTS = ("/", "/?state=all", "/tickets", "/tickets?state=open", "/customers", "/runs", "/runs?first=40", "/line")
SLOW = (
    "/customers/{customer_id}?month=1",
    "/partners/{partner_id}?month=1",
    "/alerts/{alert_id}/letter",
    "/alerts/{alert_id}/letter/body",
    "/digest-mails/{partner_id}",
)


def sixty(directory: Path, names: Sequence[str], odd: Sequence[str] = ()) -> Sixty:
    """odd: what may stand in JSON and nowhere else."""
    app = two_partners(directory)
    house = Sixty(app, names)
    known = ids(app, "p1")
    with transaction(app.engine) as connection:
        book_store.save(connection, _book(house, app.book(connection)), NOW)
        alert, ticket = store.alert(connection, known["alert_id"]), store.ticket(connection, known["ticket_id"])
        assert alert and ticket
        for k, name in enumerate(names):
            _claimed(connection, house, k, name, alert, ticket)
        _refused(connection, names)
        _ran(connection, [*names, *odd])
    return house


def _book(house: Sixty, book: Book) -> Book:
    """The book, and a partner, a customer, an org and a contract of each name beside what is there."""
    partners, customers, orgs, contracts = (
        dict(one) for one in (book.partners, book.customers, book.orgs, book.contracts)
    )
    for k, name in enumerate(house.names):
        id_ = house.id(k)
        partners[id_] = replace(book.partners["p1"], partner_id=id_, name=name, digest="none")
        customers[id_] = replace(book.customers["c1"], customer_id=id_, partner_id=id_, name=name)
        orgs[id_] = replace(book.orgs["o1"], org_id=id_, customer_id=id_, name=name)
        contracts[id_] = replace(book.contracts["k1"], contract_id=id_, customer_id=id_)
    return Book(partners, customers, orgs, contracts)


def _claimed(connection: Connection, house: Sixty, k: int, name: str, alert: Alert, ticket: Ticket) -> None:
    """An alert with a history and comments, and a ticket with a call, a letter and an answer."""
    id_, alert_id, ticket_id = house.id(k), house.alert_id(k), house.ticket_id(k)
    whose = {"partner_id": id_, "customer_id": id_}
    mine = replace(alert, **whose, alert_id=alert_id, org_id=id_, reasons=(name,), state="open", quiet=False)
    claims = tuple(replace(claim, alert_id=alert_id, org_id=id_) for claim in ticket.claims)
    call = {"call_after_email": True, "call_from": NOW, "call_by": NOW + 24 * HOUR}
    called = replace(ticket, **whose, ticket_id=ticket_id, state="open", claims=claims, told=claims, **call)
    store.save_alerts(connection, [], [mine])
    store.save_tickets(connection, [], [called])
    said = [
        Transition(alert_id, NOW, "comment", "comment", name, name),
        Transition(alert_id, NOW, name, name, name, name),
    ]
    journal.append(connection, said)
    letter = replace(LETTER, subject=name, text=name, attachments=(Attachment(name, "text/csv", b"x"),))
    outbox.owe(connection, letter, f"{ticket_id}-1", "ticket", name, NOW, ticket_id=ticket_id, partner_id=id_)
    row = tables.deliveries.c.key == f"{ticket_id}-1"
    told = {"state": "sent", "sent_at": NOW, "proof": name, "external_id": name, "to": [name], "maybe_twice": True}
    connection.execute(update(tables.deliveries).where(row).values(told))
    answer = Answer(ticket_id, NOW, "replied", name, name, {}, {}, (Proof(name, "0" * 64, name),))
    answer_store.add(connection, answer, "open", "open", name)


def _refused(connection: Connection, names: Sequence[str]) -> None:
    rows = [
        {"id": str(k), "file": one, "line": k, "column": one, "why": one, "row": one, "seen_at": NOW}
        for k, one in enumerate(names)
    ]
    connection.execute(insert(tables.quarantine), rows)


def _ran(connection: Connection, names: Sequence[str]) -> None:
    cycles.note(connection, Ran(NOW + HOUR, 0, 0, 0, 0, 0, 0, 0, 0, 0, NOW, names, names))
