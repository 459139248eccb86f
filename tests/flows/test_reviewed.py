"""Cases that a reviewer broke once: each stays mended."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl

from alerts import outbox, store
from billing import book_store
from billing.book import Book
from billing.database import transaction
from billing.frames import USAGE
from billing.hours import HOUR, Month
from flows import cycle
from flows.digests import digest_key, digests, slug
from flows.verdicts import give
from flows.wiring import App, open_app
from flows.workspace import create
from tests.billing.worlds import usage_row
from tests.flows.small import END, HOST, LOGS, START, STORM, small_workspace, small_world

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def run(app: App, at: datetime, **settings: object) -> cycle.Cycle:
    return cycle.run(app, at, NOW)


def found(app: App) -> tuple[list[store.Alert], list[store.Ticket]]:
    with transaction(app.engine) as connection:
        return store.alerts(connection), store.tickets(connection)


def say(app: App, kind: tuple[str, str], values: dict[datetime, int | None], at: datetime) -> None:
    """The vendor restates hours of the small org."""
    rows = [("o1", *kind, hour, value, None) for hour, value in values.items()]
    app.lake.put(pl.DataFrame(rows, schema=USAGE, orient="row"), at)


def test_a_new_workspace_runs_and_writes_digests(tmp_path: Path) -> None:
    create(tmp_path / "w")
    app = open_app(tmp_path / "w", {})
    assert run(app, END).raised == 0
    assert digests(app, END) == []
    with transaction(app.engine) as connection:
        world = small_workspace(tmp_path / "other")
        with transaction(world.engine) as other:
            book_store.save(connection, book_store.load(other), END)
        world.engine.dispose()
    assert run(app, END + HOUR).raised == 0
    app.engine.dispose()


def test_a_restatement_to_less_that_is_still_too_much_keeps_the_alert(tmp_path: Path) -> None:
    app = small_workspace(tmp_path / "w")
    run(app, END)
    [before], _ = found(app)
    say(app, LOGS, {STORM + i * HOUR: 3 * 10**11 for i in range(6)}, END)
    run(app, END + HOUR)
    [after], _ = found(app)
    assert (after.alert_id, after.live) == (before.alert_id, True)
    assert after.stakes[0].amount < before.stakes[0].amount
    say(app, LOGS, {STORM + i * HOUR: 105 * 10**9 for i in range(6)}, END)
    run(app, END + 2 * HOUR)
    assert [alert.state for alert in found(app)[0]] == ["withdrawn"]
    app.engine.dispose()


def test_usage_that_is_taken_back_to_nothing_keeps_verdict_and_identity(tmp_path: Path) -> None:
    app = small_workspace(tmp_path / "w")
    run(app, END)
    [before], _ = found(app)
    give(app, before.alert_id, "vendor-fault", "me", "", END)
    run(app, END + HOUR)
    say(app, LOGS, {STORM + i * HOUR: None for i in range(6)}, END)
    run(app, END + 2 * HOUR)
    say(app, LOGS, {STORM + i * HOUR: 10**12 for i in range(6)}, END)
    run(app, END + 3 * HOUR)
    [after], tickets = found(app)
    assert (after.alert_id, after.state, after.detected_at) == (before.alert_id, "vendor_fault", before.detected_at)
    assert [(t.kind, t.state) for t in tickets if t.opened_at] == [("vendor_fault", "open")]
    app.engine.dispose()


def test_a_meter_without_a_price_takes_nothing_from_the_other_claims(tmp_path: Path) -> None:
    world = small_world()
    world.contracts[0]["currency"] = "KRW"
    contract = {"contract_id": "k1", "option": "monthly"}
    world.terms = [
        {**contract, "meter": "infra_host", "commit_units": "200", "commit_price": "3000", "on_demand_price": ""},
        {**contract, "meter": "logs_ingested", "commit_units": "0", "commit_price": "", "on_demand_price": "100"},
    ]
    spike = [usage_row("o1", HOST, STORM + i * HOUR, 5000) for i in range(30)]
    world.usage = [
        row for row in world.usage if (row["usage_type"], row["hour"]) not in {("host_count", s["hour"]) for s in spike}
    ]
    world.usage += spike
    app = small_workspace(tmp_path / "w", world)
    run(app, END)
    stakes = {alert.meter: alert.stakes[0].amount for alert in found(app)[0]}
    assert stakes["infra_host"] == 0
    assert stakes["logs_ingested"] > 50
    app.engine.dispose()


def test_an_alert_that_is_over_when_it_is_raised_is_told_to_the_reviewers(tmp_path: Path) -> None:
    app = small_workspace(tmp_path / "w")
    mail = app.settings.mail.model_copy(update={"reviewers": ("cs@partner.example",)})
    app = replace(app, settings=app.settings.model_copy(update={"mail": mail}))
    run(app, STORM + timedelta(days=3))
    assert [alert.state for alert in found(app)[0]] == ["over"]
    with transaction(app.engine) as connection:
        assert [d.to for d in outbox.all_deliveries(connection) if d.purpose == "review"] == [("cs@partner.example",)]
    app.engine.dispose()


def test_the_ticket_of_a_customer_that_left_the_book_expires(tmp_path: Path) -> None:
    app = small_workspace(tmp_path / "w")
    run(app, END)
    run(app, END + 25 * HOUR)
    assert [ticket.state for ticket in found(app)[1]] == ["open"]
    with transaction(app.engine) as connection:
        book_store.save(connection, Book(), END)
    run(app, datetime(2026, 12, 20, tzinfo=UTC))
    assert [ticket.state for ticket in found(app)[1]] == ["expired"]
    app.engine.dispose()


def test_a_first_run_leaves_the_hours_of_closed_months_alone(tmp_path: Path) -> None:
    world = small_world(storm_hours=0)
    edge = datetime(2026, 11, 1, tzinfo=UTC)
    for row in world.usage:
        if row["usage_type"] == LOGS[1] and edge - 18 * HOUR <= row["hour"] < edge + 6 * HOUR:
            row["quantity"] *= 10
    app = small_workspace(tmp_path / "w", world)
    run(app, edge + 8 * HOUR)
    alerts, tickets = found(app)
    assert [alert.started_at for alert in alerts] == [edge]
    assert {stake.month for alert in alerts for stake in alert.stakes} == {Month(2026, 11)}
    assert {ticket.month for ticket in tickets} <= {Month(2026, 11)}
    app.engine.dispose()


def test_a_ticket_opens_at_the_clock_of_its_cycle_to_the_minute(tmp_path: Path) -> None:
    app = small_workspace(tmp_path / "w")
    run(app, END)
    at = END + timedelta(hours=25, minutes=5)
    run(app, at)
    assert [ticket.opened_at for ticket in found(app)[1]] == [at]
    app.engine.dispose()


def test_a_clock_that_goes_back_sends_nothing_and_says_so(tmp_path: Path) -> None:
    app = small_workspace(tmp_path / "w")
    run(app, END)
    with transaction(app.engine) as connection:
        before = outbox.all_deliveries(connection)
    done = run(app, END - timedelta(days=3))
    assert done.judged_upto == END
    with transaction(app.engine) as connection:
        assert outbox.all_deliveries(connection) == before
    app.engine.dispose()


def test_partners_whose_ids_look_alike_have_keys_of_their_own(tmp_path: Path) -> None:
    app = small_workspace(tmp_path / "w")
    with transaction(app.engine) as connection:
        partner = book_store.load(connection).partners["p1"]
    ids = ["acme", "ACME", "a.b", "a_b", "a-b", "é", "x" * 100, "x" * 101]
    assert len({digest_key(replace(partner, partner_id=id_), END) for id_ in ids}) == len(ids)
    assert slug("wren-tallow") == "wren-tallow"
    app.engine.dispose()


def test_a_meter_in_use_for_weeks_is_not_new_when_its_first_weeks_leave_the_window(tmp_path: Path) -> None:
    world = small_world(storm_hours=0)
    new = datetime(2026, 10, 5, tzinfo=UTC)
    spans = ("synthetics_api", "check_calls_count")
    later = [new + i * HOUR for i in range((END - new) // HOUR)]
    world.usage += [usage_row("o1", spans, hour, 0 if hour.day in (20, 21) else 500) for hour in later]
    app = small_workspace(tmp_path / "w", world)
    run(app, END)
    assert [alert for alert in found(app)[0] if alert.kind == "first_use"] == []
    assert Decimal(0) == sum((s.amount for a in found(app)[0] for s in a.stakes), Decimal(0))
    assert new > START
    app.engine.dispose()
