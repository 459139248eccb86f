"""The benchmark on a small data set: every plan gives the same quantities, and the report can be written."""

from pathlib import Path

import pytest

from tests.benchmarks import measured, speed
from tests.benchmarks.dataset import DataSet
from tests.benchmarks.plans import PLANS
from tests.benchmarks.usage import SIZES, TYPES, generate
from tests.document import put


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataSet:
    directory = tmp_path_factory.mktemp("bench")
    generate(directory / "200k", SIZES["200k"])
    found = DataSet(directory / "200k", directory / "ready")
    found.prepare()
    return found


def test_all_plans_find_the_same_quantities(data: DataSet) -> None:
    (expected,) = PLANS["duckdb"](data)()()
    assert len(expected) == len(data.book.contracts) * len(TYPES)
    for work in (PLANS["polars"], PLANS["floodmark"], measured.priced):
        assert work(data)()() == [expected]


def test_a_contract_that_covers_part_of_the_month_has_its_hours_only(data: DataSet, tmp_path: Path) -> None:
    contracts = data.source / "book" / "contracts.csv"
    whole = contracts.read_text(encoding="utf-8")
    (tmp_path / "usage").symlink_to(data.source / "usage")
    (tmp_path / "book").mkdir()
    for file in (data.source / "book").iterdir():
        (tmp_path / "book" / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "book" / "contracts.csv").write_text(whole.replace("2026-01-01,,", "2026-10-03,2026-10-20,"), "utf-8")
    shorter = DataSet(tmp_path, data.ready)
    (expected,) = PLANS["floodmark"](shorter)()()
    assert expected != PLANS["floodmark"](data)()()[0]
    assert PLANS["duckdb"](shorter)()() == PLANS["polars"](shorter)()() == [expected]


def test_the_report_is_written_between_the_markers(data: DataSet, tmp_path: Path) -> None:
    result = speed.race(data, runs=1)
    assert not speed.disagreeing(result)
    text, _ = speed.report({"200k": result}, runs=1)
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{speed.BEGIN}\nold\n{speed.END}\nafter\n", encoding="utf-8")
    put(text, page, speed.BEGIN, speed.END)
    assert page.read_text(encoding="utf-8") == f"before\n{speed.BEGIN}\n{text}\n{speed.END}\nafter\n"
    assert all(what in text for what in speed.WHAT)


def test_a_wrong_digit_is_named() -> None:
    right = measured.Measured(1, 1, 1, "a", 1)
    wrong = measured.Measured(1, 1, 1, "b", 1)
    assert speed.disagreeing({"duckdb": right, "polars": right, "floodmark": wrong}) == ["floodmark"]
