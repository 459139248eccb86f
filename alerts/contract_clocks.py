"""The clocks of contracts: when notice, quote and demand are due, and until when a trial can be given. Pure.

The rules are those of billing-rules: annual contracts want notice 120 days before their end; month-to-month ones start
on the 1st, need two weeks for a quote, and the customer's demand on the 24th; of a product used off an annual contract
a trial can be given up to the 15th of the month of use.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from alerts.sections import NOTICE
from billing.bill import Line
from billing.book import Contract
from billing.hours import Month

QUOTE = timedelta(days=14)
DEMAND_DAY, TRIAL_DAY = 24, 15


class Due(NamedTuple):
    """What is due on a day (UTC): notice, end, quote, demand, start or trial. meter: of a trial."""

    day: date
    what: str
    contract_id: str
    meter: str = ""


def clocks(contracts: Sequence[Contract], used: Iterable[Line], today: date) -> list[Due]:
    """What is ahead of a customer's contracts, and notices that are late; the next first.

    contracts: all of the customer's, by start. used: the lines of the month that `today` lies in.
    """
    last = contracts[-1:]
    found = [due for contract in last for due in _ahead(contract, today)]
    return sorted([*found, *_trials(contracts, used, today)])


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
