"""The line that every page of the queue has at its top: how far usage is known, when the month ends, the money."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from alerts.answers import Money
from alerts.clock import BLIND
from alerts.console.view import View
from alerts.listing import QUEUE, Wanted
from alerts.recovery import Outcome, added
from billing.book import Partner
from billing.hours import Month

MOST = 1000


@dataclass(frozen=True)
class StandingLine:
    """to_decide: how many alerts, `1000+` where there are more. ends_at: the next end of a month. money: of the months
    that may still be claimed; at stake is what is unsent."""

    to_decide: str
    data_to: datetime | None
    ends_at: datetime | None
    money: Outcome

    @property
    def lost(self) -> Money:
        return added([self.money.refused, self.money.expired])


def standing_line(view: View) -> StandingLine:
    """For what the user may see."""
    months = {Month.of(view.at - BLIND), Month.of(view.at)}
    ends = [view.house.clock(Month.of(view.at), partner).deadline_at for partner in _partners(view)]
    count = view.count(Wanted(QUEUE), MOST)
    return StandingLine(
        f"{count}+" if count == MOST else str(count),
        view.house.data_to(),
        min((end for end in ends if end > view.at), default=None),
        view.recovered(months),
    )


def _partners(view: View) -> Iterable[Partner]:
    """One of each time zone."""
    return {partner.time_zone: partner for partner in view.book.partners.values()}.values()
