"""What one user may see: the only place where pages get data, so that another partner's is not there for them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Request
from sqlalchemy import Row, select
from sqlalchemy.engine import Connection

from alerts import board, listing, store, tables
from alerts.alert import Alert
from alerts.console.house import House
from alerts.console.users import User
from alerts.contract_clocks import last_change
from alerts.listing import Listed, Wanted
from alerts.recovery import Outcome
from alerts.ticket import Ticket
from billing import book_store
from billing.book import Book, Contract, Customer, Partner
from billing.database import reading
from billing.hours import Month

T = TypeVar("T")


@dataclass(frozen=True)
class View:
    """One request's data. `at`: its clock. What is unknown or another partner's raises HTTPException 404.

    begun: its transaction, which begins where it is first asked for: a request that waits for a thread must not hold a
    connection, or those that have a thread wait for one in vain. held: the user's part of the book, read once.
    """

    house: House
    user: User
    at: datetime
    begun: Callable[[], Connection]
    held: Callable[[], Book]

    @property
    def connection(self) -> Connection:
        return self.begun()

    @property
    def book(self) -> Book:
        return self.held()

    def own(self, partner_id: str) -> bool:
        """Whether what was that partner's is the user's to see: it stays theirs when the org moves to another."""
        return self.user.partner_id in (None, partner_id)

    def shows(self, alert: Alert | Listed | Row[Any]) -> bool:
        """Whether it is the user's to see, and of an org and a meter that are still known."""
        known = alert.org_id in self.book.orgs and alert.meter in self.house.catalog.meters
        return known and self.own(alert.partner_id)

    def partner(self, partner_id: str) -> Partner:
        return _there(self.book.partners.get(partner_id))

    def customer(self, customer_id: str) -> Customer:
        return _there(self.book.customers.get(customer_id))

    def last_change(self, contract: Contract) -> date | None:
        """The day of this month on which the contract's products were changed, as far as the loaded books tell."""
        _there(self.book.contracts.get(contract.contract_id))
        start = Month.of(self.at).start
        return last_change(book_store.products(self.connection, contract.contract_id, start, self.at))

    def alert(self, alert_id: str) -> Alert:
        found = store.alert(self.connection, alert_id)
        return _there(found if found and self.shows(found) else None)

    def alerts(self, wanted: Wanted, most: int, after: str | None = None) -> list[Listed]:
        """See `alerts.listing.listed`; what the user may not see, or nobody knows any more, is left out."""
        own, shown, more = self._own(wanted), list[Listed](), True
        while more and len(shown) < most:
            found = listing.listed(self.connection, own, self.at, most, after)
            shown += [one for one in found if self.shows(one)]
            more, after = len(found) == most, found[-1].alert_id if found else after
        return shown[:most]

    def count(self, wanted: Wanted, most: int) -> int:
        return listing.count(self.connection, self._own(wanted), self.at, most)

    def below(self, tops: Collection[str]) -> dict[str, list[Listed]]:
        """alert_id of each of `tops` -> those below it, still to be decided."""
        found = listing.below(self.connection, tops, self.at)
        return {top: mine for top, all_ in found.items() if (mine := [one for one in all_ if self.shows(one)])}

    def seen(self, alert_ids: Collection[str]) -> set[str]:
        """Those of the alerts that the user may see."""
        columns = tables.alerts.c
        query = select(columns.alert_id, columns.org_id, columns.meter, columns.partner_id)
        rows = self.connection.execute(query.where(columns.alert_id.in_(alert_ids)))
        return {row.alert_id for row in rows if self.shows(row)}

    def known(self, alert_ids: Sequence[str]) -> list[str]:
        """The ids, if the user may see every one."""
        seen = self.seen(alert_ids)
        return [_there(alert_id if alert_id in seen else None) for alert_id in alert_ids]

    def tickets(self, alert: Alert, months: Iterable[Month]) -> list[Ticket]:
        """Those of the months that claim the alert, or told of it."""
        found = board.of_alert(self.connection, alert, self.of_org(alert.org_id).customer_id, months)
        return [ticket for ticket in found if self.own(ticket.partner_id)]

    def recovered(self, months: Iterable[Month]) -> Outcome:
        """What came of those months' claims."""
        return board.recovered(self.connection, months, self.user.partner_id)

    def ticket(self, ticket_id: str) -> Ticket:
        found = store.ticket(self.connection, ticket_id)
        shown = found and self.own(found.partner_id) and found.customer_id in self.book.customers
        return _there(found if shown else None)

    def of_org(self, org_id: str) -> Customer:
        """The customer of the org."""
        return self.book.customers[_there(self.book.orgs.get(org_id)).customer_id]

    def _own(self, wanted: Wanted) -> Wanted:
        """Of the user's partner alone; 404 for another partner or customer."""
        if wanted.partner_id:
            self.partner(wanted.partner_id)
        if wanted.customer_id:
            self.customer(wanted.customer_id)
        return replace(wanted, partner_id=self.user.partner_id or wanted.partner_id)


def _there(found: T | None) -> T:
    if found is None:
        raise HTTPException(404)
    return found


def _held(house: House, user: User, connection: Connection) -> Book:
    book = house.book(connection)
    return book if user.partner_id is None else _of_partner(book, user.partner_id)


def _of_partner(book: Book, partner_id: str) -> Book:
    """The partner with its customers, their orgs and contracts; nobody else."""
    theirs = book.of(book.customers_of.get(partner_id, ()))
    partners = {key: partner for key, partner in book.partners.items() if key == partner_id}
    return Book(partners, theirs.customers, theirs.orgs, theirs.contracts)


@contextmanager
def view_of(house: House, user: User) -> Iterator[View]:
    """The user's view in a transaction that only reads."""
    with ExitStack() as stack:
        begun = cache(lambda: stack.enter_context(reading(house.engine)))  # no cached_property: up to Python 3.11 all
        yield View(house, user, house.now(), begun, cache(lambda: _held(house, user, begun())))  # views share its lock


def looking(request: Request) -> AbstractContextManager[View]:
    """The view of who asks, for pages that also write: what they wrote is seen by the next one."""
    return view_of(request.app.state.house, request.state.user)


def _view(request: Request) -> Iterator[View]:
    with looking(request) as view:
        yield view


See = Annotated[View, Depends(_view, scope="function")]
"""The argument by which a page that only reads gets its view."""
