"""What one user may see: the only place where pages get data, so that another partner's is not there for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, TypeVar

from fastapi import Depends, HTTPException, Request
from sqlalchemy.engine import Connection

from alerts import store
from alerts.alert import Alert
from alerts.console.house import House
from alerts.console.users import User
from alerts.ticket import Ticket
from billing.book import Book, Customer, Partner
from billing.database import reading

T = TypeVar("T")


@dataclass(frozen=True)
class View:
    """One request's data. `at`: its clock. What is unknown or another partner's raises HTTPException 404."""

    house: House
    user: User
    at: datetime
    connection: Connection

    @cached_property
    def book(self) -> Book:
        """The user's part of the book."""
        book = self.house.book(self.connection)
        return book if self.user.partner_id is None else _of_partner(book, self.user.partner_id)

    def partner(self, partner_id: str) -> Partner:
        return _there(self.book.partners.get(partner_id))

    def customer(self, customer_id: str) -> Customer:
        return _there(self.book.customers.get(customer_id))

    def alert(self, alert_id: str) -> Alert:
        """The alert; its org must still be in the user's book."""
        found = _there(store.alert(self.connection, alert_id))
        self.of_org(found.org_id)
        return found

    def ticket(self, ticket_id: str) -> Ticket:
        found = _there(store.ticket(self.connection, ticket_id))
        self.customer(found.customer_id)
        return found

    def of_org(self, org_id: str) -> Customer:
        """The customer of the org."""
        return self.book.customers[_there(self.book.orgs.get(org_id)).customer_id]


def _there(found: T | None) -> T:
    if found is None:
        raise HTTPException(404)
    return found


def _of_partner(book: Book, partner_id: str) -> Book:
    """The partner with its customers, their orgs and contracts; nobody else."""
    theirs = book.of(book.customers_of.get(partner_id, ()))
    partners = {key: partner for key, partner in book.partners.items() if key == partner_id}
    return Book(partners, theirs.customers, theirs.orgs, theirs.contracts)


@contextmanager
def view_of(house: House, user: User) -> Iterator[View]:
    """The user's view in a transaction that only reads."""
    with reading(house.engine) as connection:
        yield View(house, user, house.now(), connection)


def _view(request: Request) -> Iterator[View]:
    with view_of(request.app.state.house, request.state.user) as view:
        yield view


See = Annotated[View, Depends(_view)]
"""The argument by which a page gets its view."""
