"""What else a month's bill could have been: another rank, allotment, set of orgs, or earlier knowledge of the usage.

Each alternative bills the month again in full, so what it says of a line is exact.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import product

import polars as pl

from billing import statement
from billing.bill import Line, Rules
from billing.book import Book
from billing.catalog import Catalog
from billing.hours import Month, floor_hour, iso
from billing.reconciling.difference import ALLOTMENT, LATE_USAGE, MISSING_ORG, RANK_RULE
from billing.usage import Usage

BEHIND = timedelta(hours=72)  # by how much the vendor's figures of an open month may run behind (its client's words)

LinesOf = Mapping[tuple[str, str], tuple[Line, ...]]  # (customer_id, meter) -> its lines by contract


@dataclass(frozen=True)
class Premises:
    """What a bill is made from. `history`: rows in the order of ingest, with `known_at`. `state`: the bill's."""

    book: Book
    rules: Rules
    history: pl.DataFrame
    month: Month
    until: datetime
    state: str

    def lines(self) -> LinesOf:
        usage = Usage.of(self.history)
        return grouped(statement.state(self.book, self.rules, usage, self.month, self.until, self.state).lines)

    def of(self, customers: set[str]) -> "Premises":
        """For these customers alone."""
        book = self.book
        orgs = {id_: org for id_, org in book.orgs.items() if org.customer_id in customers}
        contracts = {id_: contract for id_, contract in book.contracts.items() if contract.customer_id in customers}
        chosen = {id_: customer for id_, customer in book.customers.items() if id_ in customers}
        history = self.history.filter(pl.col("org_id").is_in(list(orgs)))
        return replace(self, book=replace(book, customers=chosen, orgs=orgs, contracts=contracts), history=history)


@dataclass(frozen=True)
class Change:
    """One premise changed; `why` says how, for people."""

    cause: str
    why: str
    apply: Callable[[Premises], Premises]


@dataclass(frozen=True)
class Step:
    """A change and the lines after it."""

    change: Change
    lines: LinesOf


Steps = tuple[Step, ...]


def grouped(lines: Sequence[Line]) -> LinesOf:
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        found.setdefault((line.customer_id, line.meter), []).append(line)
    return {key: tuple(of_meter) for key, of_meter in found.items()}


def alternatives(premises: Premises, absent: set[str], found: Collection[Steps]) -> Iterator[Steps]:
    """The bills that one change makes, then those of several: each as its steps, one change after the other.

    `absent`: orgs of the book that the vendor does not name. `found`: what has explained a line so far; only a rank
    that the vendor was seen to use is tried together with earlier knowledge.
    """
    rank = _other_rank(premises.rules)
    axes = [_without(absent), [rank], _other_allotments(premises)]
    combined = sorted((tuple(filter(None, changes)) for changes in product(*([None, *axis] for axis in axes))), key=len)
    late = _earlier_knowledge(premises)

    @cache
    def billed(changes: tuple[Change, ...]) -> Steps:
        changed = premises
        for change in changes:
            changed = change.apply(changed)
        return (*(billed(changes[:-1]) if len(changes) > 1 else ()), Step(changes[-1], changed.lines()))

    yield from (billed(changes) for changes in combined if len(changes) == 1)
    yield from (billed((change,)) for change in late)
    yield from (billed(changes) for changes in combined if len(changes) > 1)
    if any(step.change == rank for steps in found for step in steps):
        yield from (billed((rank, change)) for change in late)


def _without(absent: set[str]) -> list[Change]:
    if not absent:
        return []

    def apply(premises: Premises) -> Premises:
        orgs = {id_: org for id_, org in premises.book.orgs.items() if id_ not in absent}
        return replace(premises, book=replace(premises.book, orgs=orgs))

    return [Change(MISSING_ORG, "the vendor does not bill an org of this customer: without it the bill agrees", apply)]


def _other_rank(rules: Rules) -> Change:
    other = "eighth" if rules.rank == "ninth" else "ninth"
    why = f"the vendor bills the {other} highest hour, the settings say the {rules.rank}"
    return Change(RANK_RULE, why, lambda premises: replace(premises, rules=replace(rules, rank=other)))


def _other_allotments(premises: Premises) -> list[Change]:
    """None; that of the parent's use or commitment alone; twice the catalogue's (dearer plans, older contracts)."""
    catalog = premises.rules.catalog

    def having(factor: int) -> Callable[[Premises], Premises]:
        return lambda premises: replace(premises, rules=replace(premises.rules, catalog=_scaled(catalog, factor)))

    return [
        Change(ALLOTMENT, "the vendor gives no allotment", having(0)),
        Change(ALLOTMENT, "the vendor allots by the parent's use alone, not by what is committed", _uncommitted),
        Change(ALLOTMENT, "the vendor allots by the parent's commitment alone, not by what is used", _unused),
        Change(ALLOTMENT, "the vendor gives twice the catalogue's allotment", having(2)),
    ]


def _scaled(catalog: Catalog, factor: int) -> Catalog:
    meters = {
        id_: replace(meter, allotment_quantity=meter.allotment_quantity * factor)
        for id_, meter in catalog.meters.items()
    }
    return replace(catalog, meters=meters)


def _parents(catalog: Catalog) -> set[str]:
    return {meter.parent for meter in catalog.meters.values() if meter.parent}


def _uncommitted(premises: Premises) -> Premises:
    parents = _parents(premises.rules.catalog)
    contracts = {
        contract.contract_id: replace(
            contract,
            terms={
                meter: replace(term, commit_units=Decimal(0)) if meter in parents else term
                for meter, term in contract.terms.items()
            },
        )
        for contract in premises.book.contracts.values()
    }
    return replace(premises, book=replace(premises.book, contracts=contracts))


def _unused(premises: Premises) -> Premises:
    meters = premises.rules.catalog.meters
    types = [
        (meters[id_].product_family, kind)
        for id_ in _parents(premises.rules.catalog)
        for kind in meters[id_].usage_types
    ]
    dropped = pl.DataFrame(types, schema=["product_family", "usage_type"], orient="row")
    history = premises.history.join(dropped, on=dropped.columns, how="anti", maintain_order="left")
    return replace(premises, history=history)


def _earlier_knowledge(premises: Premises) -> list[Change]:
    """The usage as known at each earlier hour after which more became known, the latest first.

    The vendor's figures of a final month are of its whole; those of an open one may run BEHIND.
    """
    first = premises.until if premises.state == "final" else premises.until - BEHIND
    known_at: list[datetime] = premises.history["known_at"].unique().to_list()
    moments = {floor_hour(at - timedelta.resolution) for at in known_at}
    return [_known_at(moment) for moment in sorted(moments, reverse=True) if moment >= first]


def _known_at(moment: datetime) -> Change:
    def apply(premises: Premises) -> Premises:
        history = premises.history.filter(pl.col("known_at") <= moment)
        return replace(premises, history=history, until=min(premises.until, floor_hour(moment)))

    return Change(LATE_USAGE, f"the vendor's figure is that of the usage known at {iso(moment)}", apply)
