"""Customers and bills of the API, and the cycles that ran."""

from bisect import bisect_right
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import AfterValidator, AwareDatetime

from alerts import cycles
from alerts.console.api.bearer import Reads
from alerts.console.api.shapes import (
    After,
    BillDocument,
    ById,
    CustomerDocument,
    CustomerPage,
    Most,
    Named,
    RunPage,
)
from alerts.console.api.shapes import Month as MonthText
from alerts.console.view import View
from billing.book import Customer
from billing.hours import Month, iso, utc

router = APIRouter()


def _near(at: datetime) -> datetime:
    if not 2000 <= at.year < 2100:
        raise ValueError("lies outside the years 2000 to 2099")
    return utc(at)


Time = Annotated[AwareDatetime, AfterValidator(_near)]


@router.get("/customers", tags=["customers"], responses={200: {"model": CustomerPage}})
def customers(view: Reads, partner_id: Named = None, after: After = None, limit: Most = 100) -> dict[str, Any]:
    """Customers by id, each with its orgs and contracts."""
    if partner_id:
        found = view.book.customers_of.get(view.partner(partner_id).partner_id, ())
        ids = sorted(one.customer_id for one in found)
    else:
        ids = sorted(view.book.customers)
    first = bisect_right(ids, after) if after else 0
    shown, more = ids[first : first + limit], len(ids) > first + limit
    documents = [_customer(view, view.customer(one)) for one in shown]
    return {"customers": documents, "next": shown[-1] if more else None}


@router.get("/customers/{customer_id}", tags=["customers"], responses={200: {"model": CustomerDocument}})
def customer(view: Reads, customer_id: ById) -> dict[str, Any]:
    """One customer."""
    return _customer(view, view.customer(customer_id))


@router.get("/bills/{month}", tags=["bills"], responses={200: {"model": BillDocument}})
def bill(
    view: Reads,
    month: MonthText,
    as_of: Annotated[Time | None, Query(description="Only the hours before it; it is rounded down to one.")] = None,
) -> dict[str, Any]:
    """The bill of a month, so far or whole, as `floodmark bill` prints it."""
    found = view.house.bill(view.book, Month.parse(month), as_of, view.at, view.user.partner_id is not None)
    return found.document()


@router.get("/runs", tags=["runs"], responses={200: {"model": RunPage}})
def runs(
    view: Reads,
    before: Annotated[Time | None, Query(description="The `next` of the page before.")] = None,
    limit: Most = 100,
) -> dict[str, Any]:
    """The cycles that ran, the newest first. They are of all partners: a partner's own token does not see them."""
    if view.user.partner_id is not None:
        raise HTTPException(403, "This is of all partners, the token of one.")
    found = cycles.latest(view.connection, limit + 1, before)
    return {
        "runs": [one.document for one in found[:limit]],
        "next": iso(found[limit - 1].at) if len(found) > limit else None,
    }


def _customer(view: View, found: Customer) -> dict[str, Any]:
    book, customer_id = view.book, found.customer_id
    return {
        "customer_id": customer_id,
        "partner_id": found.partner_id,
        "name": found.name,
        "employees": found.employees,
        "deal": found.deal,
        "orgs": [{"org_id": org.org_id, "name": org.name} for org in book.orgs_of.get(customer_id, ())],
        "contracts": [
            {
                "contract_id": one.contract_id,
                "plan": one.plan,
                "start": one.start.isoformat(),
                "end": one.end.isoformat() if one.end else None,
                "currency": one.currency,
            }
            for one in book.contracts_of.get(customer_id, ())
        ],
    }
