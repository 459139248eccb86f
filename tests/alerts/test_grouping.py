"""Many orgs that jump at once: who is on top, who is below, and that no money is hidden by it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.alert import Alert, Stake
from alerts.grouping import below, grouped, together, users_of
from alerts.queue import along, announced, heads, waiting
from billing.hours import HOUR
from tests.alerts.claims import EARLY, NOVEMBER, alert


def least(currency: str) -> Decimal:
    return Decimal(50)


def jump(n: int, start: float = 0, partner: str = "p", **changes: object) -> Alert:
    """The alert of org n, that starts `start` hours late and costs 60."""
    first = EARLY - 24 * HOUR + timedelta(hours=start)
    return replace(alert(f"{n:02}"), partner_id=partner, hours=(first, EARLY - HOUR), quiet=False, **changes)


def tops(alerts: list[Alert], orgs: int = 100, partners: str = "pq") -> dict[str, str | None]:
    users = {"infra_hosts": dict.fromkeys(partners, orgs)}
    return {one.alert_id: one.above for one in grouped(alerts, users, least)}


@pytest.mark.parametrize(
    ("starts", "orgs", "grouped_ones"),
    [
        ([0, 0, 0, 0, 0], 100, 5),
        ([0, 0, 0, 0], 100, 0),  # neither five nor half
        ([0, 0, 0, 0], 8, 4),
        ([0, 0, 0], 6, 3),
        ([0, 0, 0], 7, 0),
        ([0, 0], 2, 0),  # two are a coincidence
        ([0, 2, 4, 5, 6], 100, 5),
        ([0, 2, 4, 5, 7], 100, 0),  # more than six hours from the first to the last
        ([0, 7, 7, 8, 9, 13], 100, 5),  # the first is alone
    ],
)
def test_who_is_together(starts: list[float], orgs: int, grouped_ones: int) -> None:
    found = tops([jump(n, start) for n, start in enumerate(starts)], orgs)
    above = {top for top in found.values() if top}
    assert sum(top is not None for top in found.values()) + len(above) == grouped_ones


def test_the_first_to_be_raised_is_on_top_and_stays_it_when_others_come() -> None:
    alerts = [jump(n, detected_at=EARLY + (n != 3) * HOUR) for n in range(5)]
    assert set(tops(alerts).values()) == {None, "al_03"}
    assert set(tops([*alerts, jump(9, -1, detected_at=EARLY + 2 * HOUR)]).values()) == {None, "al_03"}


def test_two_alerts_of_one_org_are_one_org() -> None:
    twice = [replace(jump(n), org_id=f"o{n // 2}") for n in range(8)]
    assert set(tops(twice).values()) == {None}


def test_over_all_partners_where_half_of_all_orgs_jump_else_partner_by_partner() -> None:
    alerts = [jump(n, partner="pq"[n % 2]) for n in range(10)]
    everywhere, apart = tops(alerts, orgs=10), tops(alerts, orgs=11)
    assert sum(top is None for top in everywhere.values()) == 1
    assert sum(top is None for top in apart.values()) == 2
    assert all(top is None or int(top[-2:]) % 2 == int(one[-2:]) % 2 for one, top in apart.items())


def test_other_meters_stopped_usage_and_what_is_no_claim_stay_apart() -> None:
    five = [jump(n) for n in range(5)]
    for changed in (
        replace(five[4], meter="logs_ingested"),
        replace(five[4], kind="disappearance"),
        replace(five[4], state="dismissed"),
        replace(five[4], state="withdrawn"),
    ):
        assert set(tops([*five[:4], changed]).values()) == {None}
    assert set(tops([*five[:4], replace(five[4], state="vendor_fault")]).values()) != {None}


@st.composite
def worlds(draw: st.DrawFn) -> list[Alert]:
    states = st.sampled_from(["open", "over", "confirmed", "dismissed", "vendor_fault"])
    drawn = draw(
        st.lists(st.tuples(st.integers(0, 20), st.sampled_from("pq"), states, st.integers(0, 90)), max_size=16)
    )
    return [
        replace(
            jump(n, start, partner, state=state),
            quiet=amount < 50,
            stakes=(Stake(NOVEMBER, Decimal(amount), "USD"),),
        )
        for n, (start, partner, state, amount) in enumerate(drawn)
    ]


@settings(max_examples=200)
@given(worlds(), st.integers(1, 40))
def test_nothing_but_the_order_changes_and_no_loud_one_is_hidden(alerts: list[Alert], orgs: int) -> None:
    users = {"infra_hosts": {"p": orgs, "q": orgs}}
    found = grouped(alerts, users, least)
    assert grouped(found, users, least) == found, "the same again changes nothing"
    for was, now in zip(alerts, found, strict=True):
        assert replace(now, above=None, quiet=was.quiet) == replace(was, above=None)
        assert was.quiet or not now.quiet
    known = {one.alert_id: one for one in found}
    for top, under in below(found).items():
        assert known[top].above is None and known[top].live
        assert known[top].quiet <= min([one.quiet for one in under])
        assert all(one.live and one.meter == known[top].meter for one in under)
        assert sum(together([known[top], *under]).values()) == sum(
            (one.stake.amount for one in [known[top], *under] if one.stake), Decimal(0)
        )
    told = announced(found, 100, EARLY)
    told += along(found, told)
    assert {one.alert_id for one in told} == {one.alert_id for one in found if waiting(one)}, "everybody is told of"


def test_a_group_takes_one_place_of_the_days_share_and_later_ones_join_it_silently() -> None:
    users = {"infra_hosts": {"p": 10}}
    found = grouped([jump(n) for n in range(6)], users, least)
    new = announced(found, 1, EARLY)
    assert len(new) == 1 and len(along(found, new)) == 5
    told = [replace(one, announced_at=EARLY) for one in found]
    later = grouped([*told, jump(6, detected_at=EARLY + HOUR)], users, least)
    assert announced(later, 1, EARLY + HOUR) == []
    assert [one.org_id for one in along(later, [])] == ["org-06"]
    decided = [replace(one, state="confirmed") if one.above is None else one for one in later]
    assert {one.org_id for one in heads(decided)} == {one.org_id for one in later}, "its top is decided: they are not"


def test_the_users_of_a_meter_are_the_orgs_of_the_book() -> None:
    keys = [("a", "logs"), ("b", "logs"), ("b", "hosts"), ("gone", "logs")]
    assert users_of(keys, {"a": "p", "b": "q"}) == {"logs": {"p": 1, "q": 1}, "hosts": {"q": 1}}
