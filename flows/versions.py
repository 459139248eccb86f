"""Versions of the workspace's bills: as known at a time, what changed since another, months closed and corrected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from billing import rules_store, versions
from billing.bill import Line
from billing.changes import Basis, Change, explained
from billing.database import alone, reading, transaction
from billing.hours import Month, iso
from billing.money import plain, round_money
from billing.statement import Statement, final_at, month_to_date, state_of
from billing.versions import Version
from flows.wiring import App


@dataclass(frozen=True)
class Compared:
    """Two versions of a month's bill, and every difference by its cause."""

    first: datetime
    second: datetime
    before: Statement
    after: Statement
    changes: Sequence[Change]

    def document(self) -> dict[str, Any]:
        """As the contract's JSON: the totals of both, and the changes between them."""
        return {
            "month": str(self.before.month),
            "from": iso(self.first),
            "to": iso(self.second),
            "totals_from": self.before.totals,
            "totals_to": self.after.totals,
            "changes": [change_row(change) for change in self.changes],
        }


@dataclass(frozen=True)
class Closed:
    """What a month's bill was frozen at, and what has become known since."""

    at: datetime
    changes: Sequence[Change]

    def document(self) -> dict[str, Any]:
        """As the contract's JSON."""
        return {"closed_at": iso(self.at), "corrections": [change_row(change) for change in self.changes]}


def change_row(change: Change) -> dict[str, Any]:
    """A change with its numbers as text; null where the line was not there, or has no price."""
    line = change.line
    return {
        "month": str(change.month),
        "cause": change.cause,
        "partner_id": line.partner_id,
        "customer_id": line.customer_id,
        "contract_id": line.contract_id,
        "meter": line.meter,
        "quantity_before": plain(change.before.quantity) if change.before else None,
        "quantity_after": plain(change.after.quantity) if change.after else None,
        "amount_before": _amount(change.before),
        "amount_after": _amount(change.after),
        "amount": f"{round_money(change.amount, line.currency):f}",
        "currency": line.currency,
    }


def _amount(line: Line | None) -> str | None:
    return None if line is None or line.amount is None else f"{line.amount:f}"


def remember(app: App, now: datetime) -> None:
    """Record the rules in force at `now`, if they are not the last ones recorded."""
    with transaction(app.engine) as connection:
        rules_store.save(connection, app.rules, now)


def as_known(app: App, month: Month, as_of: datetime | None, at: datetime) -> Statement:
    """The bill of `month` as it was known at `at`."""
    with reading(app.engine) as connection:
        version = versions.as_known(connection, at)
        until = month_to_date(month, as_of, at)
        basis = _basis(app, connection, month, version, until)
    return basis.statement(month, _state_of(app, month, until, at))


def compare(app: App, month: Month, first: datetime, second: datetime) -> Compared:
    """The bill as known at `first` and at `second`, each over the hours that had passed by then."""
    with reading(app.engine) as connection:
        one, other = versions.as_known(connection, first), versions.as_known(connection, second)
        changes = _changes(app, connection, month, one, other)
    return Compared(first, second, as_known(app, month, None, first), as_known(app, month, None, second), changes)


def close_months(app: App, now: datetime, upto: Month | None = None) -> list[Month]:
    """Freeze the bills of the months that are final at `now` and still open.

    From the first one with usage to `upto`, which is the last one with usage where none is given.
    """
    span = app.lake.span()
    done: list[Month] = []
    if span is None:
        return done
    last = upto or Month.of(span[1])
    with transaction(app.engine) as connection:
        alone(connection, versions.closings)
        closed, lake = versions.closed(connection), app.lake.version
        month = Month.of(span[0])
        while month <= last and _final_at(app, month) <= now:
            if month not in closed:
                versions.close(connection, month, versions.present(connection, lake, _final_at(app, month)))
                done.append(month)
            month = month.next
    for month in done:
        app.lake.compact(str(month))
    return done


def since_closing(app: App, month: Month, now: datetime) -> Closed | None:
    """How a month stands to its frozen bill; None while it is open, and before the first usage."""
    close_months(app, now, month)
    with reading(app.engine) as connection:
        frozen = versions.closed(connection).get(month)
        if frozen is None:
            return None
        return Closed(frozen.at, _changes(app, connection, month, frozen, _present(app, connection)))


def issued(app: App, month: Month, now: datetime) -> tuple[Statement, list[Change]]:
    """What goes out for `month`: its bill, frozen once it is final, and the corrections of months closed before it.

    These are what became known of earlier months from the closing of the month before to the month's own closing, or
    to now while it is open; so what goes out for all months adds up to what is known in the end. A month whose usage
    came in after later ones were closed is corrected from there on: what went out for them stays.
    """
    close_months(app, now, month)
    changes: list[Change] = []
    with reading(app.engine) as connection:
        closed, present = versions.closed(connection), _present(app, connection)
        end = closed.get(month, present)
        for earlier in [one for one in closed if one < month and month.previous in closed]:
            start = max((v for one, v in closed.items() if earlier <= one < month), key=lambda v: v.recorded)
            if start.recorded < end.recorded:
                changes += _changes(app, connection, earlier, start, end)
        until = month.end if month in closed else month_to_date(month, None, now)
        basis = _basis(app, connection, month, end, until)
    return basis.statement(month, "final" if month in closed else _state_of(app, month, until, now)), changes


def _present(app: App, connection: Connection) -> Version:
    return versions.present(connection, app.lake.version)


def _changes(app: App, connection: Connection, month: Month, one: Version, other: Version) -> list[Change]:
    first, last = (month_to_date(month, None, version.at) for version in (one, other))
    moved = app.lake.moved(month.start, min(first, last), (one.at, one.lake), (other.at, other.lake))
    before, after = _basis(app, connection, month, one, first), _basis(app, connection, month, other, last)
    return explained(month, before, after, moved)


def _basis(app: App, connection: Connection, month: Month, version: Version, until: datetime) -> Basis:
    book, rules = version.terms(connection, app.rules)
    return Basis(book, rules, app.lake.known(month.start, until, version.at, version.lake), until)


def _final_at(app: App, month: Month) -> datetime:
    return final_at(month, app.settings.billing.final_day)


def _state_of(app: App, month: Month, until: datetime, now: datetime) -> str:
    return state_of(month, until, app.settings.billing.final_day, now)
