"""What can go wrong, in three shapes.

Bad input is a list of `Fault` values; a raised `InputError` carries all of them (exit code 1).
Bad settings refuse to start: `SettingsError`, every fault at once (exit code 2).
The outside world failing is a `WorldError`; safe to run again (exit code 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in one place: `place:line: column: what`. `line` is 1-based, 0 where a file has none."""

    place: str
    line: int
    column: str
    what: str

    def __str__(self) -> str:
        where = f"{self.place}:{self.line}" if self.line else self.place
        return f"{where}: {self.column}: {self.what}" if self.column else f"{where}: {self.what}"


class FloodmarkError(Exception):
    """Anything Floodmark says to a person instead of doing what was asked."""

    exit_code = 3


class FaultyError(FloodmarkError):
    """Something a person wrote is wrong; `faults` names every fault."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class InputError(FaultyError):
    """A book, a usage file or a verdict is at fault. Nothing was written."""

    exit_code = 1


class SettingsError(FaultyError):
    """Settings or the use of a command are at fault. Nothing was started."""

    exit_code = 2


class WorldError(FloodmarkError):
    """The vendor, the mail server or the database failed.

    permanent: trying again will not help. wait: how long not to try again, where the other side said so.
    unsure: the other side may have done what was asked of it.
    """

    exit_code = 3

    def __init__(
        self, what: str, *, permanent: bool = False, wait: timedelta | None = None, unsure: bool = False
    ) -> None:
        super().__init__(what)
        self.permanent = permanent
        self.wait = wait
        self.unsure = unsure
