"""Reviewers' verdicts on alerts."""

from datetime import datetime

from alerts import journal, store
from alerts.alert import VERDICTS, Alert, decide
from billing.database import transaction
from billing.errors import Fault, SettingsError
from flows.wiring import App


def give(app: App, alert_id: str, verdict: str, who: str, note: str, at: datetime) -> Alert:
    """Record a verdict; safe once this returns. Raises SettingsError for an unknown alert or verdict."""
    if verdict not in VERDICTS:
        what = f"{verdict!r} is no verdict: write {', '.join(VERDICTS)}"
        raise SettingsError([Fault("alert", 0, "verdict", what)])
    with transaction(app.engine) as connection:
        store.lock_cycle(connection)
        alert = store.alert(connection, alert_id)
        if alert is None:
            what = f"there is no alert {alert_id!r}: `floodmark alerts` lists them"
            raise SettingsError([Fault("alert", 0, "ALERT_ID", what)])
        decided, moved = decide(alert, verdict, who, note, at)
        store.save_alerts(connection, [alert], [decided])
        journal.append(connection, [moved])
    return decided
