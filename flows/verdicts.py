"""Reviewers' verdicts on alerts."""

from datetime import datetime

from alerts import store
from alerts.alert import VERDICTS, Alert, decide
from billing.database import transaction
from billing.errors import Fault, SettingsError
from flows.wiring import App


def give(
    app: App, alert_id: str, verdict: str, who: str, note: str, at: datetime, *, below: bool = False
) -> list[Alert]:
    """Record a verdict; safe once this returns. Raises SettingsError for an unknown alert or verdict.

    below: it holds for all alerts below this one too, all of them or none.
    """
    if verdict not in VERDICTS:
        what = f"{verdict!r} is no verdict: write {', '.join(VERDICTS)}"
        raise SettingsError([Fault("alert", 0, "verdict", what)])
    with transaction(app.engine) as connection:
        store.lock_cycle(connection)
        alert = store.alert(connection, alert_id)
        if alert is None:
            what = f"there is no alert {alert_id!r}: `floodmark alerts` lists them"
            raise SettingsError([Fault("alert", 0, "ALERT_ID", what)])
        alerts = [alert, *(store.below(connection, alert_id) if below else [])]
        decided = [decide(one, verdict, who, note, at) for one in alerts]
        store.save_alerts(connection, alerts, [one for one, _ in decided])
        store.add_transitions(connection, [moved for _, moved in decided])
    return [one for one, _ in decided]
