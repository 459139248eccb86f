"""Reviewers' verdicts on alerts, and alerts that they put off."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from alerts import journal, store
from alerts.alert import VERDICTS, Alert, Transition, decide, take_back
from alerts.snooze import latest, snooze, wake, why_not
from billing.database import transaction
from billing.errors import Fault, SettingsError
from flows.wiring import App

SNOOZES = ("snooze", "wake")


COMMENT = "comment"  # both states of a comment's row in the journal: it changes nothing

Change = Callable[[Alert, Connection], tuple[Alert, Transition]]


def give(
    app: App, alert_id: str, verdict: str, who: str, note: str, at: datetime, *, below: bool = False
) -> list[Alert]:
    """Record a verdict; safe once this returns. Raises SettingsError for an unknown alert or verdict.

    below: it holds for all alerts below this one too, all of them or none.
    """
    return give_all(app, [alert_id], verdict, who, note, at, below=below)


def give_all(
    app: App, alert_ids: Sequence[str], verdict: str, who: str, note: str, at: datetime, *, below: bool = False
) -> list[Alert]:
    """The same verdict on several, all of them or none."""
    if verdict not in VERDICTS:
        what = f"{verdict!r} is no verdict: write {', '.join((*VERDICTS, *SNOOZES))}"
        raise SettingsError([Fault("alert", 0, "verdict", what)])
    return _changed(app, alert_ids, lambda alert, _: decide(alert, verdict, who, note, at), below)


def undo(app: App, alert_ids: Sequence[str], who: str, at: datetime) -> list[Alert]:
    """Take back their latest verdicts, all of them or none. Raises SettingsError where one is somebody else's."""

    def change(alert: Alert, connection: Connection) -> tuple[Alert, Transition]:
        rows = [row for row in journal.of(connection, alert.alert_id) if row.now != COMMENT]
        last = rows[-1] if rows else None
        if last is None or last.who != who or last.now != alert.state or last.now not in VERDICTS.values():
            what = "the latest that was done to it is no verdict of yours: decide it anew"
            raise SettingsError([Fault(alert.alert_id, 0, "undo", what)])
        return take_back(alert, last, who, at)

    return _changed(app, alert_ids, change, below=False)


def comment(app: App, alert_id: str, who: str, text: str, at: datetime) -> None:
    """Note in the journal what somebody has to say of an alert. Raises SettingsError."""
    if not text.strip():
        raise SettingsError([Fault(alert_id, 0, "comment", "says nothing")])
    _changed(
        app, [alert_id], lambda alert, _: (alert, Transition(alert_id, at, COMMENT, COMMENT, who, text.strip())), False
    )


def put_off(
    app: App, alert_id: str, until: datetime | None, who: str, note: str, at: datetime, *, below: bool = False
) -> list[Alert]:
    """Snooze the alert until then, or wake it for None. Raises SettingsError where its claim could be late."""

    def change(alert: Alert, connection: Connection) -> tuple[Alert, Transition]:
        if until is None:
            return wake(alert, who, note, at)
        book = app.book(connection)
        partner = book.partner_of(alert.customer_id) if alert.customer_id in book.customers else None
        last = latest(alert, partial(app.clock, partner=partner), at) if partner else None
        zones = (app.desk.zone, ZoneInfo(partner.time_zone) if partner else UTC)
        if why := why_not(alert, until, last, at, zones):
            raise SettingsError([Fault(alert.alert_id, 0, "--until", why)])
        return snooze(alert, until, who, note, at)

    return _changed(app, [alert_id], change, below)


def _changed(app: App, alert_ids: Sequence[str], change: Change, below: bool) -> list[Alert]:
    """The alerts, or with those below them, after changes that are kept and in the journal, all of them or none.

    Raises SettingsError for an unknown one.
    """
    with transaction(app.engine) as connection:
        store.lock_cycle(connection)
        alerts: dict[str, Alert] = {}
        for alert_id in alert_ids:
            alert = store.alert(connection, alert_id)
            if alert is None:
                what = f"there is no alert {alert_id!r}: `floodmark alerts` lists them"
                raise SettingsError([Fault("alert", 0, "ALERT_ID", what)])
            for one in (alert, *(store.below(connection, alert_id) if below else [])):
                alerts[one.alert_id] = one
        changed = [change(one, connection) for one in alerts.values()]
        after = [one for one, _ in changed]
        store.save_alerts(connection, list(alerts.values()), after)
        journal.append(connection, [moved for _, moved in changed])
    return after
