"""Customers and partners: where they stand in the month, what changed, their contracts' clocks, their digest."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from alerts import board, contract_clocks, figures
from alerts.answers import stated
from alerts.console import mails
from alerts.console.paper import page
from alerts.console.view import See, View
from alerts.evidence import readable
from alerts.figures import Change, Figures, MonthSum
from alerts.standing import Sum
from billing.book import Contract, Customer
from billing.hours import Month

router = APIRouter()

ROWS = 50
TICKETS = 12


@router.get("/customers")
def customers(request: Request, view: See, q: str = "", partner: str = "", after: str = "") -> Response:
    """By name, some at a time; q: a part of a name or an id."""
    wanted = (one for one in _by_name(view) if _fits(one, q.casefold(), partner) and _key(one) > after.casefold())
    found = list(islice(wanted, ROWS + 1))
    shown = found[:ROWS]
    return page(
        request,
        "customers.html",
        rows=[(one, view.book.partner_of(one.customer_id), _due(view, one)) for one in shown],
        orgs={one.customer_id: len(view.book.orgs_of.get(one.customer_id, ())) for one in shown},
        next=_key(shown[-1]) if len(found) > ROWS else "",
        partners=view.book.partners.values(),
        chosen={"q": q, "partner": partner},
        today=view.at.date(),
    )


@router.get("/customers/{customer_id:path}")
def customer(request: Request, view: See, customer_id: str, month: bool = False) -> Response:
    """With `month`, or when it is known already, also what the month comes to, which takes longer."""
    one = view.customer(customer_id)
    contracts = view.book.contracts_of.get(customer_id, ())
    found = view.house.figures(view.connection, [one], view.at, month)
    used = found.standing.to_date if found else ()
    return page(
        request,
        "customer_month.html" if found and _part(request) else "customer.html",
        customer=one,
        partner=view.book.partner_of(customer_id),
        contracts={one.contract_id: one for one in contracts},
        clocks=contract_clocks.clocks(contracts, used, view.at.date(), _changed(view, contracts)),
        commitment={one.contract_id: _commitment(view, one) for one in contracts},
        rise=contract_clocks.RISE,
        tickets=board.of_customer(view.connection, customer_id, TICKETS, view.user.partner_id),
        stated=stated,
        today=view.at.date(),
        catalog=view.house.catalog.meters,
        **_month(view, found),
    )


@router.get("/partners/{partner_id:path}")
def partner(request: Request, view: See, partner_id: str, month: bool = False) -> Response:
    """Its customers and their contracts; with `month`, or when it is known already, also what theirs comes to."""
    one = view.partner(partner_id)
    theirs = sorted(view.book.customers_of.get(partner_id, ()), key=_key)
    found = view.house.figures(view.connection, theirs, view.at, month) if theirs else None
    return page(
        request,
        "partner_month.html" if found and _part(request) else "partner.html",
        partner=one,
        customers=theirs,
        figures=found,
        of_customer=_bars(found.customers) if found else (),
        due=[(due, customer) for customer in theirs if (due := _due(view, customer))],
        names=view.book.customers,
        today=view.at.date(),
    )


@router.get("/digests/{partner_id:path}")
def digest(request: Request, view: See, partner_id: str) -> Response:
    """The frame of the digest: the mail itself takes longer."""
    return page(request, "digest.html", partner=view.partner(partner_id), at=view.at)


@router.get("/digest-mails/{partner_id:path}")
def digest_mail(view: See, partner_id: str) -> Response:
    """The very mail that would be sent now."""
    view.partner(partner_id)
    message = view.house.digest(view.connection, partner_id, view.at)
    if message is None:
        raise HTTPException(404)
    return mails.body(mails.taken_apart(message))


def _part(request: Request) -> bool:
    return "hx-request" in request.headers


def _month(view: View, found: Figures | None) -> dict[str, Any]:
    """What the part of the page says that tells of the month."""
    if found is None:
        return {"figures": None}
    changes = figures.changes(found)
    return {
        "figures": found,
        "standing": found.standing,
        "meters": _bars(found.meters),
        "commitments": figures.commitments(found, view.book, view.house.catalog),
        "shares": figures.shares(found),
        "spent": _months(found),
        "changes": changes,
        "changed": _together(changes),
        "orgs": view.book.orgs,
        "readable": readable,
        "percent": percent,
    }


def _together(changes: Sequence[Change]) -> dict[str, Decimal]:
    """currency -> what they come to."""
    found: dict[str, Decimal] = {}
    for one in changes:
        found[one.currency] = found.get(one.currency, Decimal(0)) + one.difference
    return found


def _by_name(view: View) -> list[Customer]:
    return sorted(view.book.customers.values(), key=_key)


def _key(one: Customer) -> str:
    """Its place in a list: by name, then by id."""
    return f"{one.name.casefold()}\n{one.customer_id.casefold()}"


def _fits(one: Customer, q: str, partner_id: str) -> bool:
    return partner_id in ("", one.partner_id) and (q in one.name.casefold() or q in one.customer_id.casefold())


def _due(view: View, one: Customer) -> contract_clocks.Due | None:
    """What has to be done next for its contracts."""
    found = contract_clocks.clocks(view.book.contracts_of.get(one.customer_id, ()), (), view.at.date())
    return next((due for due in found if due.must), None)


def _changed(view: View, contracts: Sequence[Contract]) -> dict[str, date]:
    """contract_id -> the day of this month's change of its products."""
    found = ((one.contract_id, view.last_change(one)) for one in contracts if one.plan == "annual")
    return {contract_id: day for contract_id, day in found if day}


def _commitment(view: View, one: Contract) -> Decimal | None:
    return contract_clocks.commitment(one, view.house.catalog.meters)


def _bars(sums: Sequence[Sum]) -> list[tuple[Sum, dict[str, float]]]:
    """Each with the lengths of its bar, in percent of the longest of its currency."""
    drawn = [
        (one, {"to_date": one.to_date, "projected": one.projected.middle, "committed": one.committed}) for one in sums
    ]
    longest: dict[str, Decimal] = {}
    for one, ends in drawn:
        longest[one.currency] = max(longest.get(one.currency, Decimal(0)), *ends.values())
    return [(one, {name: percent(end, longest[one.currency]) for name, end in ends.items()}) for one, ends in drawn]


def percent(amount: Decimal, of: Decimal) -> float:
    """For a drawing."""
    return round(float(100 * max(amount, Decimal(0)) / of), 1) if of > 0 else 0.0


def _months(found: Figures) -> list[tuple[MonthSum, float]]:
    """The months before and the present one as it is projected, each with the length of its bar."""
    month = found.standing.month
    rows = [*figures.spent(found), *(MonthSum(month, one.currency, one.projected.middle) for one in found.totals)]
    longest: dict[str, Decimal] = {}
    for row in rows:
        longest[row.currency] = max(longest.get(row.currency, Decimal(0)), row.amount)
    return [(row, percent(row.amount, longest[row.currency])) for row in sorted(rows, key=_by_currency)]


def _by_currency(row: MonthSum) -> tuple[str, Month]:
    return row.currency, row.month
