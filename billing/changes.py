"""What changed between two stated versions of a month's bill, and why."""

from dataclasses import dataclass
from decimal import Decimal

from billing.bill import Line
from billing.hours import Month
from billing.money import EXACT

CAUSES = ("catalogue", "contract", "price", "restated usage", "late usage")


@dataclass(frozen=True)
class Change:
    """What one cause did to one line of `month`. `before` or `after` is None where the line was not there."""

    month: Month
    cause: str
    before: Line | None
    after: Line | None

    @property
    def line(self) -> Line:
        """Whose line it is."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def amount(self) -> Decimal:
        """The difference in the line's currency; an unpriced line counts as 0."""
        return EXACT.subtract(_amount(self.after), _amount(self.before))


def _amount(line: Line | None) -> Decimal:
    return Decimal(0) if line is None or line.amount is None else line.amount
