"""What must hold of letters: nothing lost, nothing twice that could be told, nothing late, in order."""

from collections import Counter
from datetime import timedelta

from tests.alerts.machine.seen import CLOCKS, HOUR, Seen, invariant, over
from tests.alerts.machine.world import World


@invariant
def every_letter_is_in_the_outbox_once(now: Seen, before: Seen, world: World) -> None:
    """As many as the ticket counts, under keys that are numbered; none disappears, and none changes its words."""
    for one in now.tickets.values():
        keys = {letter.key for letter in now.letters(one)}
        assert keys == {f"{one.ticket_id}-{number}" for number in range(1, one.letters + 1)}
    assert before.deliveries.keys() <= now.deliveries.keys()


@invariant
def what_is_claimed_is_told(now: Seen, before: Seen, world: World) -> None:
    """After a cycle the last letter of a ticket names the alerts that it claims."""
    for one in now.tickets.values():
        if now.cycled and one.opened_at and not over(one, now.at):
            assert {claim.alert_id for claim in one.told} == {claim.alert_id for claim in one.claims}


@invariant
def what_is_sent_was_taken(now: Seen, before: Seen, world: World) -> None:
    """A proof is never made up, a ticket is sent only by a letter that was, and what was taken is never owed again."""
    for one in now.deliveries.values():
        was = before.deliveries.get(one.key)
        if one.state == "sent":
            assert one.proof == f"250 {one.key}" and one.key in world.desk.keys
        if was and was.state == "sent":
            assert one.state == "sent" or "bounced" in (one.error or ""), f"sent, and then {one.state}"
    for ticket in now.tickets.values():
        if ticket.state == "sent":
            assert any(letter.state == "sent" for letter in now.letters(ticket))


@invariant
def a_message_fails_only_for_a_reason(now: Seen, before: Seen, world: World) -> None:
    """Refused for good, bounced, too late, or in danger to arrive a third time; all else is tried again."""
    for one in now.deliveries.values():
        if one.state == "failed":
            late = one.expires_at is not None and now.at >= one.expires_at
            refused = one.key in world.desk.refused or "bounced" in (one.error or "")
            assert late or refused or one.maybe_twice, f"given up: {one.error}"


@invariant
def once_where_the_desk_knows_keys_else_twice_at_most(now: Seen, before: Seen, world: World) -> None:
    """Copies have the same bytes, so the same Message-ID, and are flagged; a person may ask for one more."""
    for key, count in Counter(world.desk.keys).items():
        copies = {one.message for one in world.desk.came if one.key == key}
        assert len(copies) == 1, "another message under the same key"
        more = world.asked[key]
        assert count <= (1 if world.desk.by_key else 2 + more), f"{count} copies"
        if count > 1 + more:
            assert now.deliveries[key].maybe_twice, "two copies and no flag"


@invariant
def one_sender_holds_a_message(now: Seen, before: Seen, world: World) -> None:
    """Nobody takes it over before the lease is over, and a drain tries it once."""
    assert world.desk.most_held <= 1, "two senders at once"
    assert max(world.desk.tries.values(), default=0) <= 1, "twice in a drain"


@invariant
def a_dead_sender_is_replaced(now: Seen, before: Seen, world: World) -> None:
    """After a drain nothing is left that could have been sent: what is due, or held by a lease that is over."""
    if now.cycled and not world.died:
        under_way = [one for one in now.deliveries.values() if one.state in ("due", "sending")]
        for one in under_way:
            behind = any(o.ticket_id == one.ticket_id and _number(o.key) < _number(one.key) for o in under_way)
            assert behind or one.state == "sending" or one.due_at > now.at, "due and not tried"
            assert not (one.state == "sending" and one.leased_until and one.leased_until < now.at), "left lying"


@invariant
def the_desk_hears_in_order(now: Seen, before: Seen, world: World) -> None:
    """No letter of a ticket comes for the first time after a later one of it."""
    last: dict[str, int] = {}
    for key in dict.fromkeys(world.desk.keys):
        ticket_id, known = key.rpartition("-")[0], now.deliveries[key].maybe_twice
        assert _number(key) > last.get(ticket_id, 0) or known or world.asked[key], f"{key} after {last.get(ticket_id)}"
        last[ticket_id] = max(_number(key), last.get(ticket_id, 0))


@invariant
def nothing_is_sent_after_the_end(now: Seen, before: Seen, world: World) -> None:
    """When the month has ended everywhere, no letter about it goes out."""
    for one in world.desk.came:
        ticket = now.tickets[one.key.rpartition("-")[0]]
        if ticket.kind != "vendor_fault":
            assert one.at < CLOCKS[ticket.customer_id, str(ticket.month)][2], "too late"


@invariant
def the_next_try_is_before_the_next_step(now: Seen, before: Seen, world: World) -> None:
    """After the last one, and before the latest e-mail and the end, unless the desk asked for patience."""
    for one in now.deliveries.values():
        was = before.deliveries.get(one.key)
        if one.state == "due" and was and one.attempts > was.attempts and one.key not in world.asked:
            ticket = now.tickets[str(one.ticket_id)]
            steps = [step for step in (ticket.latest_email_at, one.expires_at) if step and step > now.at]
            assert one.due_at > now.at
            if "429" not in (one.error or ""):
                assert one.due_at <= min([now.at + HOUR, *steps]) + timedelta(seconds=1), "it would wait too long"
            else:
                assert one.due_at >= now.at + 3 * HOUR, "it was asked to wait"


def _number(key: str) -> int:
    """Of a letter of a ticket."""
    return int(key.rpartition("-")[2])
