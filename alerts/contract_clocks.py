"""The clocks of contracts: what is due when, and what may still be done in the month. Pure.

The rules are those of billing-rules, "Contracts and clocks": annual contracts want notice 120 days before their end,
and take one change of products a month, upward by at least 1; month-to-month ones start on the 1st, need two weeks for
a quote, and the customer's demand on the 24th; of a product used off an annual contract a trial can be given up to the
15th of the month of use.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from alerts.sections import NOTICE
from billing.bill import Line
from billing.book import Contract, Term
from billing.book_store import Products
from billing.catalog import Meter
from billing.hours import DAY, Month, utc
from billing.money import exact
from billing.rating import committed_price

QUOTE = timedelta(days=14)
DEMAND_DAY, TRIAL_DAY = 24, 15
RISE = Decimal(1)  # of the currency, a month


class Due(NamedTuple):
    """What is due on a day (UTC): notice, end, quote, demand or start; or can be done until it: change, trial.

    meter: of a trial. used: the day on which the month's change was made, None where none is known.
    """

    day: date
    what: str
    contract_id: str
    meter: str = ""
    used: date | None = None

    @property
    def must(self) -> bool:
        """Whether something is missed where nobody does it."""
        return self.what not in ("change", "trial")


def clocks(
    contracts: Sequence[Contract], used: Iterable[Line], today: date, changed: Mapping[str, date] | None = None
) -> list[Due]:
    """What is ahead of a customer's contracts, and notices that are late; the next first.

    contracts: all of the customer's, by start. used: the lines of the month that `today` lies in. changed:
    contract_id -> the day of `last_change`.
    """
    last = contracts[-1:]
    found = [due for contract in last for due in _ahead(contract, today)]
    holds = [
        one for one in contracts if one.plan == "annual" and one.start <= today and (not one.end or today < one.end)
    ]
    ends = Month(today.year, today.month).next.first_day - DAY
    changes = (Due(ends, "change", one.contract_id, used=(changed or {}).get(one.contract_id)) for one in holds)
    return sorted([*found, *changes, *_trials(contracts, used, today)], key=lambda due: due[:4])


def last_change(history: Sequence[Products]) -> date | None:
    """The day (UTC) on which the last book came that has other products, or more or less of one, than the book before
    it; a price that moved is no such change."""
    days = [utc(now.loaded_at).date() for was, now in pairwise(history) if _bought(was.terms) != _bought(now.terms)]
    return days[-1] if days else None


@exact
def commitment(contract: Contract, meters: Mapping[str, Meter]) -> Decimal | None:
    """What the contract commits to a whole month, unrounded; None where a price lacks."""
    found = Decimal(0)
    for term in contract.terms.values():
        if term.commit_units:
            price = committed_price(contract, meters[term.meter], term)
            if price is None:
                return None
            found += term.commit_units * price
    return found


def _bought(terms: Mapping[str, Term]) -> dict[str, tuple[str, Decimal]]:
    return {meter: (term.option, term.commit_units) for meter, term in terms.items()}


def _ahead(contract: Contract, today: date) -> Iterator[Due]:
    """Of the contract that none follows."""
    if contract.plan == "annual" and contract.end and contract.end > today:
        yield Due(contract.end - NOTICE, "notice", contract.contract_id)
        yield Due(contract.end, "end", contract.contract_id)
    if contract.plan == "month_to_month" and (contract.end is None or contract.end > today):
        month = Month(today.year, today.month)
        if today.day > DEMAND_DAY:
            month = month.next
        start = month.next.first_day
        yield Due(start - QUOTE, "quote", contract.contract_id)
        yield Due(date(month.year, month.number, DEMAND_DAY), "demand", contract.contract_id)
        yield Due(start, "start", contract.contract_id)


def _trials(contracts: Sequence[Contract], used: Iterable[Line], today: date) -> Iterator[Due]:
    """Of what is used without being on the annual contract."""
    annual = {contract.contract_id: contract for contract in contracts if contract.plan == "annual"}
    for line in used:
        off = line.contract_id in annual and line.meter not in annual[line.contract_id].terms
        if off and line.on_demand_quantity and today.day <= TRIAL_DAY:
            yield Due(today.replace(day=TRIAL_DAY), "trial", line.contract_id, line.meter)
