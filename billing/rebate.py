"""Rebate progress: a partner's growth over the year before, and what it earns (billing-rules, "Contracts and clocks").

Compared are the contracted amounts of the calendar year's whole months with those of the same months a year before,
per partner and currency. The growth is unknown where one of those months has no usage of the partner: what is missing
must not look like growth.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from billing.bill import Line
from billing.hours import Month
from billing.money import EXACT, exact, minor_digits, round_money
from billing.policy import Step

Account = tuple[str, str]  # (partner_id, currency)


@dataclass(frozen=True)
class Revenue:
    """One month of one account: the sum of its priced lines, how many have no price, whether it used anything."""

    amount: Decimal = Decimal(0)
    unpriced: int = 0
    used: bool = False


@dataclass(frozen=True)
class Rebate:
    """Where an account stands. `unpriced` lines are in neither amount."""

    partner_id: str
    currency: str
    first: Month
    last: Month
    revenue: Decimal
    revenue_before: Decimal | None  # None: not known for all the months
    unpriced: int
    growth: Decimal | None  # percent; None: unknown
    percent: Decimal  # reached
    amount: Decimal  # percent of the revenue
    next_step: Step | None  # None: at the highest, or unknown
    to_next: Decimal | None  # revenue that is missing to the next step


def whole_months(month: Month, now: datetime) -> list[Month]:
    """Those of the month's year up to it that were over by `now`."""
    months = (Month(month.year, number) for number in range(1, month.number + 1))
    return [one for one in months if one.end <= now]


@exact
def revenue(lines: Iterable[Line]) -> dict[Account, Revenue]:
    """A month's lines, added up."""
    found: dict[Account, Revenue] = {}
    for line in lines:
        account = (line.partner_id, line.currency)
        sofar = found.get(account, Revenue())
        found[account] = Revenue(
            sofar.amount + (line.amount or Decimal(0)),
            sofar.unpriced + (line.amount is None),
            sofar.used or line.hours_seen > 0,
        )
    return found


@exact
def progress(
    account: Account,
    steps: Sequence[Step],
    months: Sequence[Month],
    these: Sequence[Mapping[Account, Revenue]],
    before: Sequence[Mapping[Account, Revenue]],
) -> Rebate:
    """Where the account stands after `months`; `these` and `before` are their revenues and those a year earlier.

    A step is reached at exactly its growth. `steps` are ascending.
    """
    now, then = ([of_month.get(account, Revenue()) for of_month in of_year] for of_year in (these, before))
    sum_now, sum_then = (sum((one.amount for one in of_year), Decimal(0)) for of_year in (now, then))
    known = all(one.used for one in then) and sum_then > 0
    reached = [step for step in steps if known and sum_now >= _needed(sum_then, step)]
    ahead = next((step for step in steps if known and step not in reached), None)
    percent = reached[-1].percent if reached else Decimal(0)
    digit = Decimal(1).scaleb(-minor_digits(account[1]))
    return Rebate(
        partner_id=account[0],
        currency=account[1],
        first=months[0],
        last=months[-1],
        revenue=sum_now,
        revenue_before=sum_then if known else None,
        unpriced=sum(one.unpriced for one in (*now, *then)),
        growth=(sum_now - sum_then) * 100 / sum_then if known else None,
        percent=percent,
        amount=round_money(sum_now * percent / 100, account[1]),
        next_step=ahead,
        to_next=(_needed(sum_then, ahead) - sum_now).quantize(digit, ROUND_CEILING, EXACT) if ahead else None,
    )


def _needed(before: Decimal, step: Step) -> Decimal:
    return before * (100 + step.growth_from) / 100
