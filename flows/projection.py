"""What the open month will cost: its bill so far beside its projection, with the interval."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from alerts import store
from alerts.alert import of_book
from alerts.projection import Estimate, ProjectedLine, project, summed
from billing import book_store
from billing.database import reading
from billing.hours import Month
from billing.money import plain
from flows.usage import LATE, known, panel
from flows.wiring import App


def projection(app: App, month: Month, until: datetime) -> list[ProjectedLine]:
    """Every line of the full month, from the hours before `until`, a whole hour of the month."""
    usage = known(app.lake, app.rules.catalog, until)
    with reading(app.engine) as connection:
        book = book_store.load(connection)
        alerts = of_book(store.alerts(connection, usage.grid.start), book, app.rules.catalog.meters)
    series = panel(usage, book, app.rules.catalog, alerts)
    return project(book, app.rules, usage.grid, series, month, until, LATE, book.customers)


def document(lines: Sequence[ProjectedLine]) -> dict[str, Any]:
    """As the contract's JSON: lines and, per partner and currency, totals."""
    return {
        "lines": [line_row(line) for line in lines],
        "totals": [
            {"partner_id": partner_id, "currency": currency, **_money(total)}
            for (partner_id, currency), total in sorted(totals(lines).items())
        ],
    }


def totals(lines: Iterable[ProjectedLine]) -> dict[tuple[str, str], Estimate]:
    """Per partner and currency; unpriced lines are in none."""
    return summed(lines, lambda line: (line.partner_id, line.currency))


def line_row(line: ProjectedLine) -> dict[str, str | None]:
    """Estimates as text; amounts are null where there is no price."""
    quantity = Estimate.of(line.quantities)
    return {
        "contract_id": line.contract_id,
        "meter": line.meter,
        **(_money(Estimate.of(line.amounts)) if line.amounts else dict.fromkeys(("amount", "low", "high"))),
        "quantity": plain(quantity.middle),
        "quantity_low": plain(quantity.low),
        "quantity_high": plain(quantity.high),
        "currency": line.currency,
        "fault": line.fault,
    }


def _money(estimate: Estimate) -> dict[str, str]:
    return {"amount": f"{estimate.middle:f}", "low": f"{estimate.low:f}", "high": f"{estimate.high:f}"}
