"""The dated policy: what a partner keeps of a bill, and what it adds. One clause a row of `policy.csv`.

A clause holds for the cases that its cells name (empty: all) on the days [from, until). Of the clauses of a rule the
first that fits counts, as in a price list read from the top; where none fits it is 0 percent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from billing.book_files import DEALS, TIERS
from billing.catalog import PLANS
from billing.csv_rows import Row, read_rows
from billing.errors import Fault, SettingsError

HERE = Path(__file__).parent
RULES = ("margin", "first_year", "markup", "rebate")
CHARGES = ("committed", "on_demand")
CHOICES = {"tier": TIERS, "plan": PLANS, "deal": DEALS, "charge": CHARGES}
SELECTORS = ("partner_id", "customer_id", *CHOICES)
OF_A_REBATE = ("partner_id", "tier")
COLUMNS = ("rule", *SELECTORS, "growth_from", "percent", "from", "until")


@dataclass(frozen=True)
class Clause:
    """One row. `of`: what the case must be, by column. `growth_from`: percent of growth, for a rebate alone."""

    rule: str
    of: Mapping[str, str]
    growth_from: Decimal | None
    percent: Decimal
    start: date
    end: date

    def fits(self, rule: str, case: Mapping[str, str], day: date) -> bool:
        return self.rule == rule and self.of.items() <= case.items() and self.start <= day < self.end

    def hides(self, later: "Clause") -> bool:
        """Whether it fits wherever the later one does, so that nobody would ever read that."""
        same = (self.rule, self.growth_from) == (later.rule, later.growth_from)
        return same and self.of.items() <= later.of.items() and self.start <= later.start and later.end <= self.end


@dataclass(frozen=True)
class Step:
    """From `growth_from` percent of growth a year on, a rebate of `percent`."""

    growth_from: Decimal
    percent: Decimal


@dataclass(frozen=True)
class Policy:
    """The clauses in the order of the file."""

    clauses: Sequence[Clause]

    def percent(self, rule: str, case: Mapping[str, str], day: date) -> Decimal:
        """What the rule gives in the case (a value for each of SELECTORS) on the day, in percent."""
        return next((clause.percent for clause in self.clauses if clause.fits(rule, case, day)), Decimal(0))

    def steps(self, partner_id: str, tier: str, day: date) -> list[Step]:
        """The rebate's steps for a partner, by growth; none where it gets no rebate."""
        found: dict[Decimal, Step] = {}
        for clause in self.clauses:
            if clause.growth_from is not None and clause.fits("rebate", {"partner_id": partner_id, "tier": tier}, day):
                found.setdefault(clause.growth_from, Step(clause.growth_from, clause.percent))
        return [found[growth] for growth in sorted(found)]

    def named(self, selector: str) -> set[str]:
        """The ids that the clauses name in a column."""
        return {clause.of[selector] for clause in self.clauses if selector in clause.of}


@cache
def load(path: Path = HERE / "policy.csv") -> Policy:
    """Read a policy. Raises SettingsError naming every fault."""
    faults: list[Fault] = []
    rows = list(read_rows(path, COLUMNS, faults))
    clauses = [_clause(row) for row in rows]
    if not rows and not faults:
        faults.append(Fault(path.name, 0, "", "has no rows: without any, nobody earns anything"))
    if not faults:
        _all_read(clauses, rows)
    if faults:
        raise SettingsError(faults)
    return Policy(tuple(clauses))


def _clause(row: Row) -> Clause:
    rule = row.choice("rule", RULES)
    for column, allowed in CHOICES.items():
        if row.cells[column]:
            row.choice(column, allowed)
    percent = row.number("percent")
    if not row.cells["percent"]:
        row.fault("percent", "is empty: write a number, such as 10 or 0")
    elif percent is not None and percent > 100 and rule != "markup":
        row.fault("percent", f"{percent} is more than the whole amount (100)")
    start, end = row.day("from", required=False), row.day("until", required=False)
    if start and end and end <= start:
        row.fault("until", f"{end} is not after {start} (it is the first day on which the row does not hold)")
    return Clause(
        rule=rule,
        of={column: row.text(column) for column in SELECTORS if row.cells[column]},
        growth_from=_growth(row, rule),
        percent=percent or Decimal(0),
        start=start or date.min,
        end=end or date.max,
    )


def _growth(row: Row, rule: str) -> Decimal | None:
    """Only a rebate has it, and a rebate is the partner's: no customer, plan, deal or charge changes it."""
    if rule != "rebate":
        if row.cells["growth_from"]:
            row.fault("growth_from", "belongs to a rebate alone: leave it empty")
        return None
    if not row.cells["growth_from"]:
        row.fault("growth_from", "is empty: write the growth in percent from which the rebate is due")
    for column in SELECTORS:
        if row.cells[column] and column not in OF_A_REBATE:
            row.fault(column, "a rebate is for the whole of a partner: leave it empty")
    return row.number("growth_from")


def _all_read(clauses: Sequence[Clause], rows: Sequence[Row]) -> None:
    for i, clause in enumerate(clauses):
        above = next((row for earlier, row in zip(clauses[:i], rows, strict=False) if earlier.hides(clause)), None)
        if above:
            rows[i].fault("rule", f"is never read: line {above.line} fits first (write the narrower row above it)")
