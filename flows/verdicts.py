"""Reviewers' verdicts on alerts, and alerts that they put off."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from alerts import journal, store
from alerts.alert import VERDICTS, Alert, Transition, decide
from alerts.snooze import latest, snooze, wake, why_not
from billing.database import transaction
from billing.errors import Fault, SettingsError
from flows.wiring import App

SNOOZES = ("snooze", "wake")


def give(
    app: App, alert_id: str, verdict: str, who: str, note: str, at: datetime, *, below: bool = False
) -> list[Alert]:
    """Record a verdict; safe once this returns. Raises SettingsError for an unknown alert or verdict.

    below: it holds for all alerts below this one too, all of them or none.
    """
    if verdict not in VERDICTS:
        what = f"{verdict!r} is no verdict: write {', '.join((*VERDICTS, *SNOOZES))}"
        raise SettingsError([Fault("alert", 0, "verdict", what)])
    return _changed(app, alert_id, lambda alert, _: decide(alert, verdict, who, note, at), below)


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

    return _changed(app, alert_id, change, below)


def _changed(
    app: App, alert_id: str, change: Callable[[Alert, Connection], tuple[Alert, Transition]], below: bool
) -> list[Alert]:
    """The alert, or with those below it, after a change that is kept and in the journal.

    Raises SettingsError for an unknown one."""
    with transaction(app.engine) as connection:
        store.lock_cycle(connection)
        alert = store.alert(connection, alert_id)
        if alert is None:
            what = f"there is no alert {alert_id!r}: `floodmark alerts` lists them"
            raise SettingsError([Fault("alert", 0, "ALERT_ID", what)])
        alerts = [alert, *(store.below(connection, alert_id) if below else [])]
        changed = [change(one, connection) for one in alerts]
        after = [one for one, _ in changed]
        store.save_alerts(connection, alerts, after)
        journal.append(connection, [moved for _, moved in changed])
    return after
