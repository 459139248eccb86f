"""Lists of alerts a page at a time, read in an order that the store keeps: a hundred thousand cost what fifty do."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, true, update
from sqlalchemy.engine import Connection

from alerts.alert import Ahead, Stake
from alerts.queue import UNDECIDED
from alerts.store import ahead_of, stakes_of
from alerts.tables import LAST, TO_DECIDE, alerts, journal

QUEUE, SNOOZED, QUIET, ALL = "queue", "snoozed", "quiet", "all"
STATES = (QUEUE, "confirmed", "dismissed", "planned", "vendor_fault", SNOOZED, QUIET, "withdrawn", ALL)
LIGHT = (
    "alert_id partner_id customer_id org_id meter kind state detected_at started_at last_hour expected actual "
    "free_hours_left provisional snoozed_until above"
).split()

columns = alerts.c


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; None for what is not. state: of STATES. mine: alerts in whose journal they stand.

    Of `found`, what a search found, any one will do: (alert ids, customers, orgs, meters).
    """

    state: str = QUEUE
    partner_id: str | None = None
    customer_id: str | None = None
    meter: str | None = None
    mine: str | None = None
    found: tuple[Collection[str], Collection[str], Collection[str], Collection[str]] | None = None

    @property
    def narrowed(self) -> bool:
        """Whether it may leave out the alert above one that it has; else those below stand with the one above."""
        return any((self.partner_id, self.customer_id, self.meter, self.mine)) or self.found is not None


@dataclass(frozen=True)
class Listed:
    """An alert in a list, without its hours and profile. Times, quantities and amounts as in `Alert`."""

    alert_id: str
    partner_id: str
    customer_id: str
    org_id: str
    meter: str
    kind: str
    state: str
    detected_at: datetime
    started_at: datetime
    last_hour: datetime
    expected: Decimal
    actual: Decimal
    free_hours_left: int | None
    provisional: int
    snoozed_until: datetime | None
    above: str | None
    stakes: tuple[Stake, ...]
    next_cost: Ahead | None


def keep_places(connection: Connection, places: Mapping[str, int]) -> None:
    """Keep the order of the queue, alert_id -> place; every other alert has none."""
    query = select(columns.alert_id, columns.place).where(columns.place < LAST)
    before = dict(connection.execute(query).tuples().all())
    changed = {key: place for key, place in places.items() if before.get(key) != place}
    changed |= dict.fromkeys(before.keys() - places.keys(), LAST)
    if changed:
        statement = update(alerts).where(columns.alert_id == bindparam("this"))
        rows = [{"this": key, "place": place} for key, place in changed.items()]
        connection.execute(statement.values(place=bindparam("place")), rows)


def listed(connection: Connection, wanted: Wanted, at: datetime, most: int, after: str | None = None) -> list[Listed]:
    """The first `most` of them, or those after that alert: by place, then the newest first."""
    query = select(columns.alert_id).where(_matches(wanted, at))
    order = (columns.place, columns.last_hour.desc(), columns.alert_id.desc())
    mark = after and connection.execute(select(*order_columns()).where(columns.alert_id == after)).first()
    if mark:
        place, last_hour, alert_id = mark
        older = or_(columns.last_hour < last_hour, and_(columns.last_hour == last_hour, columns.alert_id < alert_id))
        beyond = or_(columns.place > place, and_(columns.place == place, older))
        query = query.where(columns.place >= place, beyond)
    first = query.order_by(*order).limit(most)  # from the index alone; then the rows
    return _read(connection, _light().where(columns.alert_id.in_(first)).order_by(*order))


def below(connection: Connection, tops: Collection[str], at: datetime) -> dict[str, list[Listed]]:
    """alert_id of each of `tops` -> those below it that are still to be decided."""
    found: dict[str, list[Listed]] = {}
    for one in _read(connection, _light().where(columns.above.in_(tops), _queued(at)).order_by(columns.alert_id)):
        found.setdefault(str(one.above), []).append(one)
    return found


def of_series(connection: Connection, org_id: str, meter: str, most: int) -> list[Listed]:
    """The alerts of a series, the newest first."""
    mine = _light().where(columns.org_id == org_id, columns.meter == meter)
    return _read(connection, mine.order_by(columns.last_hour.desc()).limit(most))


def count(connection: Connection, wanted: Wanted, at: datetime, most: int) -> int:
    """How many there are; `most` where there are more."""
    some = select(columns.alert_id).where(_matches(wanted, at)).limit(most).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


def order_columns() -> tuple[ColumnElement[int], ColumnElement[datetime], ColumnElement[str]]:
    return columns.place, columns.last_hour, columns.alert_id


def _light() -> Select[tuple[object, ...]]:
    return select(*(columns[name] for name in LIGHT), columns.stakes, columns.next_cost)


def _read(connection: Connection, query: Select[tuple[object, ...]]) -> list[Listed]:
    rows = connection.execute(query).mappings()
    return [
        Listed(**{name: row[name] for name in LIGHT}, stakes=stakes_of(row), next_cost=ahead_of(row)) for row in rows
    ]


def _matches(wanted: Wanted, at: datetime) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [_in_state(wanted, at)]
    for name in ("partner_id", "customer_id", "meter"):
        if value := getattr(wanted, name):
            parts.append(columns[name] == value)
    if wanted.mine:
        parts.append(columns.alert_id.in_(select(journal.c.subject).where(journal.c.who == wanted.mine)))
    if wanted.found and not any(wanted.found[1:]):
        parts.append(columns.alert_id.in_(wanted.found[0]))
    elif wanted.found:
        named = (columns.alert_id, columns.customer_id, columns.org_id, columns.meter)
        # An expression, not a column: what is found is read in the list's order, not gathered by index and sorted.
        any_ = [(column + "").in_(ids) for column, ids in zip(named, wanted.found, strict=True) if ids]
        parts.append(or_(*any_))
    return and_(*parts)


def _in_state(wanted: Wanted, at: datetime) -> ColumnElement[bool]:
    state = wanted.state
    if state == QUEUE:
        if wanted.narrowed:
            return _queued(at)
        top = alerts.alias("top")
        headed = select(top.c.alert_id).where(top.c.alert_id == columns.above, _queued(at, top.c)).exists()
        return and_(_queued(at), or_(columns.above.is_(None), ~headed))
    if state == SNOOZED:
        return and_(_undecided(columns), columns.snoozed_until > at)
    if state == QUIET:
        return and_(_undecided(columns), columns.quiet)
    return true() if state == ALL else columns.state == state


def _queued(at: datetime, row: Any = columns) -> ColumnElement[bool]:
    """Whether a reviewer has to decide it now, as `alerts.queue.queued` says of one that is awake at `at`."""
    awake = or_(row.snoozed_until.is_(None), row.snoozed_until <= at)
    return and_(~row.quiet, TO_DECIDE if row is columns else _undecided(row), awake)


def _undecided(row: Any) -> ColumnElement[bool]:
    undecided: ColumnElement[bool] = (row.state + "").in_(UNDECIDED)  # read in the list's order, as above
    return undecided
