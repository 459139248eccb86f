"""What a verdict changes in the cycles that follow it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts import store
from alerts.alert import Alert
from billing.database import transaction
from billing.hours import DAY, HOUR
from flows import cycle
from flows.verdicts import give
from flows.wiring import App
from tests.billing.worlds import usage_row
from tests.flows.small import LOGS, small_workspace, small_world

START = datetime(2026, 9, 1, tzinfo=UTC)
SHIFT, END = START + 42 * DAY, START + 56 * DAY
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def shifted(directory: Path, times: int, also: dict[datetime, int] | None = None) -> App:
    """Six weeks of logs with a daily rhythm, then `times` as many for good; `also`: hours to multiply once more."""
    world = small_world()
    world.usage = []
    for i in range((END - START) // HOUR):
        hour = START + i * HOUR
        usual = (100 + 20 * (8 <= hour.hour < 18) + i % 7) * 10**9
        now = usual * (times if hour >= SHIFT else 1) * (also or {}).get(hour, 1)
        world.usage.append(usage_row("o1", LOGS, hour, now))
    return small_workspace(directory, world)


def run(app: App, first: datetime, last: datetime) -> list[Alert]:
    """A cycle a day; the alerts after the last one."""
    for day in range((last - first) // DAY + 1):
        cycle.run(app, first + day * DAY, NOW)
    with transaction(app.engine) as connection:
        return store.alerts(connection)


@pytest.mark.parametrize("times", [2, 5])
@pytest.mark.parametrize("verdict", ["dismiss", "planned"])
def test_a_level_that_moved_for_good_is_raised_no_more_within_days_of_the_verdict(
    tmp_path: Path, times: int, verdict: str
) -> None:
    app = shifted(tmp_path / "w", times)
    [one] = run(app, SHIFT, SHIFT + DAY)
    give(app, one.alert_id, verdict, "kim", "", SHIFT + DAY)
    [same] = run(app, SHIFT + 2 * DAY, END)
    assert same.last_hour < SHIFT + 5 * DAY
    app.engine.dispose()


@pytest.mark.parametrize("verdict", [None, "confirm", "vendor-fault"])
def test_a_level_that_moved_is_not_learned_while_the_alert_stands(tmp_path: Path, verdict: str | None) -> None:
    app = shifted(tmp_path / "w", 2)
    [one] = run(app, SHIFT, SHIFT + DAY)
    if verdict:
        give(app, one.alert_id, verdict, "kim", "", SHIFT + DAY)
    [same] = run(app, SHIFT + 2 * DAY, END)
    assert same.last_hour == END - HOUR
    app.engine.dispose()


@pytest.mark.parametrize("later", [30, 200])
def test_a_run_away_on_top_of_a_dismissed_level_is_news(tmp_path: Path, later: int) -> None:
    """In the first day after the verdict, and when the level is learned."""
    spike = {SHIFT + (later + hour) * HOUR: 5 for hour in range(3)}
    app = shifted(tmp_path / "w", 2, spike)
    [one] = run(app, SHIFT, SHIFT + DAY)
    give(app, one.alert_id, "dismiss", "kim", "", SHIFT + DAY)
    found = run(app, SHIFT + 2 * DAY, END)
    [news] = [alert for alert in found if {*spike} <= {*alert.hours}]
    assert (news.state, news.hours) == ("over", tuple(spike))
    assert any(reason.startswith("an alert like this was dismissed lately") for reason in news.reasons)
    app.engine.dispose()
