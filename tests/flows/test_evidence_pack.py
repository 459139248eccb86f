"""The evidence pack of a ticket's letter against `floodmark bill`: the month as it was, and with the hours as usual."""

import csv
import hashlib
import io
import json
from dataclasses import replace
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from billing.hours import HOUR, iso
from billing.lake import Lake
from tests.billing.sheet import Row
from tests.billing.worlds import World, usage_row
from tests.flows.command import Workspace, new_workspace
from tests.flows.storms import END, START, STORM, at, band_world, files_of, storm

CONTAINERS = ("infra_hosts", "container_count")
METERS = {"infra_host": "host_count", "infra_container": "container_count"}
WRITTEN = at("12-01 02")  # every hour of November is known, and the month has not ended at the vendor's


def world() -> World:
    """`cello` has more containers than its hosts include: a storm of its hosts, then one of its containers."""
    found = band_world(storm("cello-org", STORM, 12))
    for i in range((END - START) // HOUR):
        hour = START + i * HOUR
        found.usage.append(
            usage_row("cello-org", CONTAINERS, hour, 4000 if at("11-15 06") <= hour < at("11-15 14") else 200)
        )
    return found


def workspace(of: World, path: Path) -> Workspace:
    book, usage = files_of(of, path)
    made = new_workspace(path / "workspace", FLOODMARK_TICKETS__REVIEW_HOURS="744")
    made.well("book", "load", book, "--at", "2026-10-01T00:00:00Z")
    made.well("ingest", "files", usage, "--at", "2026-12-02T00:00:00Z")
    return made


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every named file of the letter; its text as `text`, the workspace's tickets, the version of its lake."""
    made = workspace(world(), tmp_path_factory.mktemp("pack"))
    for moment in (at("11-16 12"), WRITTEN):
        made.run(moment)
    [letter] = [content for name, content in made.outbox().items() if name.startswith("tk_")]
    message = message_from_bytes(letter, policy=policy.default)
    body = message.get_body(("plain",))
    assert body
    files = {name: part.get_payload(decode=True) for part in message.walk() if (name := part.get_filename())}
    lake = str(Lake(str(made.path / "lake")).version)
    return {
        "ticket": json.dumps(made.tickets()).encode(),
        "text": body.get_content().encode(),
        "lake": lake.encode(),
    } | {name: content for name, content in files.items() if isinstance(content, bytes)}


def named(pack: dict[str, bytes], end: str) -> bytes:
    [content] = [content for name, content in pack.items() if name.endswith(end)]
    return content


def rows(pack: dict[str, bytes], end: str) -> list[Row]:
    return list(csv.DictReader(io.StringIO(named(pack, end).decode().lstrip("\ufeff"))))


def billed(of: World, path: Path) -> dict[str, Any]:
    """What `floodmark bill` says of the lines of `cello`."""
    lines = workspace(of, path).well("bill", "2026-11", "--json", "--at", WRITTEN.isoformat()).json["lines"]
    return {line["meter"]: line for line in lines if line["customer_id"] == "cello"}


def as_usual(hours: list[Row]) -> World:
    """The world with these hours at what was expected of them."""
    expected = {(row["meter"], row["hour_utc"]): row["expected"] for row in hours}
    found = world()
    kinds = {kind: meter for meter, kind in METERS.items()}
    usage = [
        row | {"quantity": expected.get((kinds[row["usage_type"]], iso(row["hour"])), row["quantity"])}
        if row["org_id"] == "cello-org"
        else row
        for row in found.usage
    ]
    return replace(found, usage=usage)


def side(line: dict[str, Any] | Row, of: str = "") -> list[Decimal]:
    names = ("quantity", "included", "on_demand" if of else "on_demand_quantity", "amount")
    return [Decimal(line[f"{name}{of}"]) for name in names]


def test_both_bills_are_those_of_billing_and_their_difference_is_the_claim(
    pack: dict[str, bytes], tmp_path: Path
) -> None:
    lines, hours = rows(pack, "-bill.csv"), rows(pack, "-hours.csv")
    [ticket] = [t for t in json.loads(pack["ticket"]) if t["month"] == "2026-11"]
    claims = {claim["alert_id"]: Decimal(claim["amount"]) for claim in ticket["claims"]}
    assert len(claims) == 2
    for alert_id, amount in claims.items():
        assert sum(Decimal(line["difference"]) for line in lines if line["alert_id"] == alert_id) == amount
    was, usual = billed(world(), tmp_path / "was"), billed(as_usual(hours), tmp_path / "usual")
    for meter in METERS:
        of_meter = [line for line in lines if line["meter"] == meter]
        assert side(of_meter[0], "_usual") == side(usual[meter])
        assert side(of_meter[-1], "_actual") == side(was[meter])
    total = sum(Decimal(was[meter]["amount"]) - Decimal(usual[meter]["amount"]) for meter in METERS)
    assert total == sum(claims.values())
    assert f"Please waive {total:,} USD" in pack["text"].decode()


def test_the_letter_names_prices_and_what_other_meters_include(pack: dict[str, bytes]) -> None:
    text = pack["text"].decode()
    assert "on demand, 18 USD per host" in text and "on demand, 0.002 USD per container-hour" in text
    assert "Infrastructure hosts include Infrastructure containers" in text


def test_the_manifest_has_the_hash_of_every_file_and_what_was_known(pack: dict[str, bytes]) -> None:
    manifest = json.loads(named(pack, "-manifest.json"))
    assert {file["name"] for file in manifest["files"]} == {
        name for name in pack if name not in ("ticket", "text", "lake") and not name.endswith("-manifest.json")
    }
    assert sum(file["name"].endswith(".png") for file in manifest["files"]) == 2
    for file in manifest["files"]:
        assert file["sha256"] == hashlib.sha256(pack[file["name"]]).hexdigest(), file["name"]
    assert manifest["known_at"] == "2026-12-01T02:00:00Z"
    assert manifest["lake_version"] == int(pack["lake"])
    assert (manifest["book_version"], manifest["rules_version"]) == (1, 1)
    assert sum(Decimal(claim["amount"]) for claim in manifest["claims"]) == Decimal(manifest["asked"]["USD"])
