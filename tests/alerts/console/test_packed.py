"""Answers are packed for the wire, but for those in which whoever wrote a link has a say."""

import re

import pytest

from tests.alerts.console.rooms import Room

FIRST_LOAD = 120_000  # bytes


def size(room: Room, path: str, **headers: str) -> tuple[str, int]:
    """How the answer is packed, and how many bytes of it come over the wire."""
    with room.visitor().client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        return answer.headers.get("content-encoding", ""), sum(map(len, answer.iter_raw()))


def test_a_page_comes_packed_to_who_can_unpack_it(room: Room) -> None:
    packing, packed = size(room, "/")
    plain, whole = size(room, "/", **{"accept-encoding": "identity"})
    assert (packing, plain) == ("gzip", "") and packed < whole / 3


@pytest.mark.parametrize("path", ["/?q=csrf", "/tickets?month=2026-11", "/login?next=/x"])
def test_what_stands_in_a_link_is_never_packed_with_the_page(room: Room, path: str) -> None:
    assert size(room, path)[0] == ""


def test_the_first_visit_is_small(room: Room) -> None:
    html = room.visitor().client.get("/").text
    own = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', html))
    assert len(own) >= 5
    assert sum(size(room, path)[1] for path in ("/", *own)) < FIRST_LOAD / 2
