"""The margin waterfall: from the vendor's list price to what the partner pays and its customer does.

Source: billing-rules, "Contracts and clocks". Every step of a line is rounded once, in its currency, and every node
above it is a sum of lines, so that at each: list - discount + unlisted = contracted = partner cost + margin;
customer price = contracted + markup; profit = margin + markup + rebate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal

from billing.bill import Line
from billing.book import Book, Contract
from billing.catalog import Catalog
from billing.hours import Month
from billing.money import exact, minor_digits, round_money
from billing.policy import CHARGES, Policy
from billing.rating import rate
from billing.shares import split
from billing.statement import Statement


@dataclass(frozen=True)
class LineMargin:
    """A line's waterfall, in its currency. An unpriced line has no list, discount or contracted amount, and 0 else."""

    line: Line
    list_amount: Decimal | None  # None where the vendor lists no price that the line needs
    discount: Decimal | None  # list_amount - contracted; below 0 where the contract is dearer than the list
    contracted: Decimal | None
    margin: Decimal
    partner_cost: Decimal
    markup: Decimal
    customer_price: Decimal


@dataclass(frozen=True)
class Waterfall:
    """The same of some lines of one currency, with their part of the partner's rebate. Unpriced lines are in none."""

    list_amount: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    unlisted: Decimal = Decimal(0)  # contracted without a list price
    contracted: Decimal = Decimal(0)
    margin: Decimal = Decimal(0)
    partner_cost: Decimal = Decimal(0)
    markup: Decimal = Decimal(0)
    customer_price: Decimal = Decimal(0)
    rebate: Decimal = Decimal(0)
    profit: Decimal = Decimal(0)


@exact
def margins(statement: Statement, policy: Policy, catalog: Catalog) -> list[LineMargin]:
    """The waterfall of every line of the statement, in its order.

    One day decides for a contract's month: its first covered day. The policy of that day holds, and the first year
    of a deal lasts while that day lies before the anniversary of the customer's first contract.
    """
    percents = {
        contract_id: _percents(statement.book, policy, statement.book.contracts[contract_id], statement.month)
        for contract_id in {line.contract_id for line in statement.lines}
    }
    return [
        _of_line(line, _list_amount(statement, catalog, line), percents[line.contract_id]) for line in statement.lines
    ]


def _of_line(line: Line, list_amount: Decimal | None, percents: Mapping[tuple[str, str], Decimal]) -> LineMargin:
    contracted = line.amount or Decimal(0)
    margin, markup = (_share(line, percents, rule) for rule in ("margin", "markup"))
    return LineMargin(
        line=line,
        list_amount=list_amount,
        discount=None if list_amount is None else list_amount - contracted,
        contracted=line.amount,
        margin=margin,
        partner_cost=contracted - margin,
        markup=markup,
        customer_price=contracted + markup,
    )


def _share(line: Line, percents: Mapping[tuple[str, str], Decimal], rule: str) -> Decimal:
    amounts = (line.committed_amount or Decimal(0), line.on_demand_amount or Decimal(0))
    parts = (amount * percents[rule, charge] for charge, amount in zip(CHARGES, amounts, strict=True))
    return round_money(sum(parts, Decimal(0)) / 100, line.currency)


def _list_amount(statement: Statement, catalog: Catalog, line: Line) -> Decimal | None:
    """The line as a contract that agrees on no price of its own would rate it."""
    contract, meter = statement.book.contracts[line.contract_id], catalog.meters[line.meter]
    term = replace(contract.term(line.meter), commit_price=None, on_demand_price=None)
    return rate(replace(contract, tiers={}), meter, term, line.on_demand_quantity, statement.month).amount


def _percents(book: Book, policy: Policy, contract: Contract, month: Month) -> dict[tuple[str, str], Decimal]:
    """(margin or markup, charge) -> percent of that charge."""
    customer, partner = book.customers[contract.customer_id], book.partner_of(contract.customer_id)
    day = max(month.first_day, contract.start)
    first_year = day < _anniversary(book.contracts_of[contract.customer_id][0].start)
    found = {}
    for charge in CHARGES:
        case = {
            "partner_id": partner.partner_id,
            "customer_id": customer.customer_id,
            "tier": partner.tier,
            "plan": contract.plan,
            "deal": customer.deal,
            "charge": charge,
        }
        more = policy.percent("first_year", case, day) if first_year else Decimal(0)
        found["margin", charge] = policy.percent("margin", case, day) + more
        found["markup", charge] = policy.percent("markup", case, day)
    return found


def _anniversary(day: date) -> date:
    """The same day a year on; of a 29th of February, the 1st of March."""
    leap_day = (day.month, day.day) == (2, 29)
    return date(day.year + 1, 3, 1) if leap_day else day.replace(year=day.year + 1)


@exact
def waterfalls(found: Sequence[LineMargin], rebates: Mapping[tuple[str, str], Decimal]) -> list[Waterfall]:
    """A node a line. `rebates`: the percent that a partner has reached, by (partner_id, currency).

    A partner's rebate on the lines is rounded once and shared out to them by amount, so that it adds up.
    """
    parts = _rebate_parts(found, rebates)
    nodes = []
    for one in found:
        contracted, rebate = one.contracted or Decimal(0), parts.get(_key(one.line), Decimal(0))
        nodes.append(
            Waterfall(
                list_amount=one.list_amount or Decimal(0),
                discount=one.discount or Decimal(0),
                unlisted=contracted if one.list_amount is None else Decimal(0),
                contracted=contracted,
                margin=one.margin,
                partner_cost=one.partner_cost,
                markup=one.markup,
                customer_price=one.customer_price,
                rebate=rebate,
                profit=one.margin + one.markup + rebate,
            )
        )
    return nodes


@exact
def added(nodes: Iterable[Waterfall]) -> Waterfall:
    """The node above these, which are of one currency."""
    below = list(nodes)
    return Waterfall(*(sum((getattr(n, field.name) for n in below), Decimal(0)) for field in fields(Waterfall)))


def _rebate_parts(found: Sequence[LineMargin], rebates: Mapping[tuple[str, str], Decimal]) -> dict[str, Decimal]:
    of_partner: dict[tuple[str, str], dict[str, Decimal]] = {}
    for one in found:
        if one.contracted is not None:
            amounts = of_partner.setdefault((one.line.partner_id, one.line.currency), {})
            amounts[_key(one.line)] = one.contracted
    parts: dict[str, Decimal] = {}
    for (partner_id, currency), amounts in of_partner.items():
        percent = rebates.get((partner_id, currency), Decimal(0))
        rebate = round_money(sum(amounts.values(), Decimal(0)) * percent / 100, currency)
        weights = {key: int(amount.scaleb(minor_digits(currency))) for key, amount in amounts.items()}
        parts |= split(rebate, weights, currency)
    return parts


def _key(line: Line) -> str:
    return f"{line.contract_id}\n{line.meter}"
