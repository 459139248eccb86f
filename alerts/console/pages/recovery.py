"""The recovery report: what the claims of each month came to, as a page and as CSV."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from fastapi import APIRouter, HTTPException, Request, Response

from alerts import board
from alerts.console.downloads import attached
from alerts.console.paper import page
from alerts.console.view import See, View
from alerts.recovery import Outcome
from billing.hours import HOUR, Month
from billing.money import round_money

router = APIRouter()

SHOWN = 4  # months of a page
NAMES = ("claimed", "granted", "refused", "waiting", "expired", "unsent")


class Row(NamedTuple):
    """A month's sums in one currency, by name."""

    month: Month
    currency: str
    sums: dict[str, str]
    percent: int | None  # of what was answered, how much was granted


@router.get("/tickets/recovery")
def recovery(request: Request, view: See, until: str = "") -> Response:
    months = _months(view, until)
    return page(
        request,
        "recovery.html",
        rows=list(_rows(view, months[:SHOWN])),
        months=months[:SHOWN],
        earlier=months[SHOWN] if len(months) > SHOWN else None,
        until=until,
        names=NAMES,
    )


@router.get("/tickets/recovery.csv")
def recovery_csv(view: See, until: str = "") -> Response:
    """The same months as the page, a row a month and currency."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(["month", "currency", *NAMES])
    for row in _rows(view, _months(view, until)[:SHOWN]):
        writer.writerow([row.month, row.currency, *row.sums.values()])
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8", headers=attached("recovery.csv"))


def _rows(view: View, months: list[Month]) -> Iterator[Row]:
    for month in months:
        outcome = view.recovered([month])
        for currency in outcome.currencies:
            sums = {name: f"{round_money(amount, currency):f}" for name, amount in outcome.of(currency).items()}
            yield Row(month, currency, {name: sums[name] for name in NAMES}, _percent(outcome, currency))


def _percent(outcome: Outcome, currency: str) -> int | None:
    sums = outcome.of(currency)
    answered = sums["granted"] + sums["refused"]
    return int(100 * sums["granted"] / answered) if answered else None


def _months(view: View, until: str) -> list[Month]:
    """The months with tickets, the newest first, and one more than is shown."""
    try:
        last = Month.parse(until) if until else Month.of(view.at - HOUR)
    except ValueError:
        raise HTTPException(404) from None
    return board.months(view.connection, last, SHOWN + 1, view.user.partner_id)
