"""The bill with and without an alert's hours, and the tickets that claim the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from alerts.alert import Alert, Stake
from alerts.billed import COUNTED, Row, bill_rows, offsets, steps_of
from alerts.console.view import View
from alerts.evidence import applied_rollup
from alerts.ticket import Claim, Ticket
from billing.hours import Month


@dataclass(frozen=True)
class Difference:
    """What an alert costs in one month and currency. rows: the lines of the bill, empty where they were not kept."""

    stake: Stake
    counted: str
    rows: Sequence[Row]
    offsets: Sequence[str]

    @property
    def month(self) -> Month:
        return self.stake.month

    @property
    def amount(self) -> Decimal:
        return self.stake.amount


def differences(view: View, alert: Alert) -> list[Difference]:
    """One a month and currency, the newest first."""
    catalog = view.house.catalog
    found = []
    for stake in sorted(alert.stakes, key=lambda one: one.month, reverse=True):
        claim = Claim(alert.alert_id, alert.org_id, alert.meter, stake.amount, stake.currency)
        steps = steps_of(claim, alert, stake.month)
        counted = COUNTED[applied_rollup(alert, stake.month, view.book, catalog.meters[alert.meter])]
        rows = bill_rows(steps, claim, view.book, catalog)
        found.append(Difference(stake, counted, rows, offsets(steps, claim, catalog)))
    return found


def tickets_of(view: View, alert: Alert) -> list[Ticket]:
    """Those that claim it, or would."""
    months = {stake.month for stake in alert.stakes}
    return view.tickets(alert, months)
