"""A house in which every page has something to show: each state, each kind of note, each warning at least once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from alerts import store
from alerts.answers import Said
from alerts.listing import keep_places
from billing.database import transaction
from billing.hours import HOUR
from flows import answers, verdicts
from flows.cycle import run
from flows.ingest import ingest_files
from flows.wiring import App
from tests.alerts.console.rooms import Room
from tests.billing.worlds import World, usage_row
from tests.flows.small import LOGS, small_workspace
from tests.flows.storms import HOSTS, at, band_world, storm

LATE = at("11-30 15")
GAP = 6  # hours: of one org nothing is known, of another not all
STORMS = [
    *storm("cello-org", at("11-03 00"), 20, 4),
    *storm("cello-org", at("11-10 12"), 30),
    *storm("drum-org", at("11-11 06"), 24),
    *storm("alto-org", at("11-28 12"), 30),
]
BAD_ROWS = """org_id,product_family,usage_type,hour,quantity
cello-org,infra_hosts,host_count,2026-11-31T00:00:00Z,4
drum-org,infra_hosts,host_count,2026-11-30T00:00:00Z,-7
"""


def filled(directory: Path) -> Path:
    """Three customers of two partners, the last day of November: claims in every state, calls to make, bad rows."""
    world = band_world(STORMS, end=LATE)
    _larger(world)
    hours = [LATE - place * HOUR for place in range(2, 40)]
    world.usage = [row for row in world.usage if not (row["org_id"] == "drum-org" and row["hour"] in hours[:GAP])]
    world.usage += [usage_row("cello-org", LOGS, hour, 5) for hour in hours[GAP:]]
    world.usage += [usage_row("cello-org", ("llm_guard", "prompts"), hour, 5) for hour in hours]
    world.usage += [usage_row("nobodys-org", HOSTS, hour, 5) for hour in hours]
    app = small_workspace(directory, world)
    for moment in (at("11-04 12"), at("11-13 10"), at("11-20 10")):
        run(app, moment, moment)
    bad = directory / "files" / "bad.csv"
    bad.write_text(BAD_ROWS)
    ingest_files(app, [bad], LATE - HOUR)
    _decided(app)
    run(app, LATE, LATE)
    _below(app)
    app.engine.dispose()
    return directory


def _larger(world: World) -> None:
    """Long names, a word without end, and the amounts of a currency without cents."""
    for row in (*world.customers, *world.orgs):
        row["name"] += " of Symphonic and Orchestral Instruments"
    world.orgs[-1]["name"] = "별빛두더지라이브스트리밍서비스운영본부통합관제센터"
    world.contracts[-1]["currency"] = "KRW"
    world.terms[-1] |= {"commit_price": "150000", "on_demand_price": "1800000"}


def _decided(app: App) -> None:
    """What people have done with it: some of everything that can be done."""
    room = Room.over(app, LATE - HOUR)
    early, storm = sorted((a for a in room.alerts() if a.org_id == "cello-org"), key=lambda one: one.started_at)[:2]
    verdicts.give(app, early.alert_id, "planned", "kim", "a load test of theirs", LATE - HOUR)
    verdicts.comment(app, storm.alert_id, "lee", "Asked them:\nnobody knows of it.", LATE - HOUR)
    tickets = {ticket.customer_id: ticket.ticket_id for ticket in room.tickets()}
    answers.give(app, tickets["cello"], Said("refused", "not a fault of ours"), [], "kim", LATE - HOUR)
    said = Said("granted", "case 4711", Decimal(10), "USD")
    answers.give(app, tickets["drum"], said, [("case.txt", b"case 4711")], "kim", LATE - HOUR)


def _below(app: App) -> None:
    """The latest storm on top of two others, one of which is snoozed."""
    room = Room.over(app, LATE)
    top = next(a for a in room.alerts() if a.org_id == "alto-org")
    open_again = replace(top, state="open", quiet=False)
    below = [
        replace(open_again, alert_id=f"al_below{n}", org_id=f"{n}-org", above=top.alert_id) for n in ("cello", "drum")
    ]
    put_off = replace(open_again, alert_id="al_snoozed", snoozed_until=LATE + timedelta(hours=2))
    with transaction(app.engine) as connection:
        store.save_alerts(connection, [top], [open_again, *below, put_off])
        keep_places(connection, {one.alert_id: place for place, one in enumerate([open_again, *below], start=1)})
