"""What must hold of alerts, the reviewers' queue and the journal."""

import hashlib
import json
from datetime import UTC

from alerts.alert import Alert
from alerts.snooze import awake
from billing.hours import Month
from tests.alerts.machine.seen import CLOCKS, LEAST, REVIEW, Seen, invariant
from tests.alerts.machine.world import BOOK, World


@invariant
def the_journal_is_whole(now: Seen, before: Seen, world: World) -> None:
    """Its chain of hashes holds, nothing of it is rewritten, and it ends where each alert and each ticket is."""
    seal = "0" * 64
    for number, row in enumerate(now.rows, 1):
        at = row.moved.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        moved = (row.moved.subject, at, row.moved.was, row.moved.now, row.moved.who, row.moved.why)
        content = json.dumps([number, *moved, seal], separators=(",", ":")).encode("ascii")
        seal = hashlib.sha256(content).hexdigest()
        assert (row.number, row.hash) == (number, seal), "the chain is broken"
    assert now.rows[: len(before.rows)] == before.rows, "rewritten"
    last: dict[str, str] = {}
    for row in now.rows:
        assert row.moved.was == last.get(row.moved.subject, ""), "a change from another state"
        last[row.moved.subject] = row.moved.now
    states = {one.alert_id: one.state for one in now.alerts.values()}
    states |= {one.ticket_id: one.state for one in now.tickets.values()}
    assert last == states, "it ends with another state"


@invariant
def a_snooze_ends_before_a_claim_could_be_late(now: Seen, before: Seen, world: World) -> None:
    """At the latest e-mail of the first open month it touches, and only while the alert is still to be decided."""
    for one in now.alerts.values():
        was = before.alerts.get(one.alert_id)
        if one.snoozed_until and (was is None or was.snoozed_until != one.snoozed_until):
            months = {str(Month.of(hour)) for hour in one.hours} | {str(stake.month) for stake in one.stakes}
            clocks = [CLOCKS[one.customer_id, month] for month in months]
            latest = min((latest for latest, _, end in clocks if now.at < end), default=None)
            assert one.state not in ("dismissed", "planned", "withdrawn") and one.snoozed_until > now.at
            assert one.state == "vendor_fault" or latest is None or one.snoozed_until <= latest, "too long"


@invariant
def the_queue_is_what_is_loud_and_undecided(now: Seen, before: Seen, world: World) -> None:
    """Each has one place, its own or that of the one above it; nothing else has one."""
    places = world.app.queue(BOOK, now.at).places(awake(now.alerts.values(), now.at))
    asleep = {name for name, one in now.alerts.items() if one.snoozed_until and one.snoozed_until > now.at}
    wanted = {n for n, one in now.alerts.items() if not one.quiet and one.state in ("open", "over")} - asleep
    assert sorted(places.values()) == list(range(1, len(places) + 1))
    assert {name if name in places else now.alerts[name].above for name in wanted} == places.keys()


@invariant
def what_costs_enough_is_loud(now: Seen, before: Seen, world: World) -> None:
    """Alone, or together with those below it; who is above and who is below is live, of one meter, and one step."""
    for name, one in now.alerts.items():
        below = [other for other in now.alerts.values() if other.above == name]
        if now.cycled and any(stake.amount >= LEAST for stake in one.stakes):
            assert not one.quiet
        if now.cycled and below:
            group = [one, *below]
            assert all(other.state in ("open", "over", "confirmed", "vendor_fault") for other in group), "a dead one"
            assert one.above is None and len({other.org_id for other in group}) >= 3
            last = Month.of(one.last_hour)
            if all(Month.of(other.last_hour) == last for other in group):
                together = sum(stake.amount for other in group for stake in other.stakes if stake.month == last)
                assert not one.quiet or together < LEAST, f"{together} USD together, and nobody is told"


@invariant
def reviewers_are_told_of_so_many_a_day(now: Seen, before: Seen, world: World) -> None:
    """Three on top in 24 hours here, those below them not counted; and of each, once."""
    new = [one for one in now.alerts.values() if one.announced_at == now.at and not _woken(one, now)]
    told = [o for o in now.alerts.values() if o.announced_at and now.at - REVIEW < o.announced_at]
    if new and now.cycled:
        heads = [one for one in told if one.above is None and not _woken(one, now)]
        assert len(heads) <= 3 or not any(one.above is None for one in new), "more than the reviewers asked for"
        assert not any(one.quiet for one in new)


def _woken(alert: Alert, seen: Seen) -> bool:
    return any(move.why.startswith("woken") for move in seen.moves(alert.alert_id))
