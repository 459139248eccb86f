"""Golden bills, each worked out by hand or published by a vendor, through the command: files in, the document out."""

from pathlib import Path

import pytest

from tests.billing.oracle import comparable
from tests.billing.worlds import Case, read_golden, write_book, write_usage
from tests.flows.command import Workspace, new_workspace

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
LATER = ("--at", "2027-06-01T00:00:00Z")


def workspace_of(case: Case, directory: Path) -> Workspace:
    """The case's book loaded and its usage ingested."""
    book = directory / "book"
    book.mkdir()
    write_book(case.world, book)
    write_usage(case.world, directory / "usage.csv")
    env = {"FLOODMARK_BILLING__P99_RANK": case.p99_rank}
    if case.world.catalog:
        env["FLOODMARK_BILLING__CATALOG"] = str(book / "catalog.csv")
    workspace = new_workspace(directory / "workspace", **env)
    workspace.well("book", "load", book)
    workspace.well("ingest", "files", directory / "usage.csv")
    return workspace


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_the_command_prints_the_golden_bill(path: Path, tmp_path: Path) -> None:
    """Without a time, at its end, and as of the time the case names: byte for byte the same, and the one by hand."""
    case, golden = read_golden(path)
    workspace = workspace_of(case, tmp_path)
    end = golden["expect"].get("as_of", golden.get("until"))
    as_of = ("--as-of", end) if end else ()
    done = workspace.well("bill", case.month, *as_of, *LATER, "--json")
    document = comparable(done.json)
    closed_at, corrections = document.pop("closed_at"), document.pop("corrections")
    assert (closed_at is None) == (case.until is not None)
    assert corrections == []
    assert document == {
        "month": case.month,
        "as_of": document["as_of"],
        "state": "estimate" if case.until else "final",
        **golden["expect"],
    }
    if case.until is None:
        assert workspace.well("bill", case.month, *LATER, "--json").out == done.out


def test_late_usage_makes_one_golden_bill_of_the_other(tmp_path: Path) -> None:
    """What a vendor bills in the next month for usage that came late: the price of the whole less what was billed."""
    billed, _ = read_golden(GOLDEN / "late-usage-as-first-billed.json")
    whole, golden = read_golden(GOLDEN / "late-usage-across-the-edges.json")
    workspace = workspace_of(billed, tmp_path)
    write_usage(whole.world, tmp_path / "usage.csv")
    workspace.well("ingest", "files", tmp_path / "usage.csv")
    assert workspace.well("bill", whole.month, *LATER, "--json").json["totals"] == golden["expect"]["totals"]
