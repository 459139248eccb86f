"""The book's files as bytes: encodings, line ends, quotes, missing files; and faults that bring no false ones along."""

from pathlib import Path

import pytest

from tests.billing.book_folder import GOOD, Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n\n"])
def test_line_ends_and_a_byte_order_mark_do_not_matter(folder: Folder, end: str) -> None:
    book = folder.read()
    for name, lines in GOOD.items():
        (folder.path / name).write_bytes(("\ufeff" + end.join(lines)).encode())
    assert folder.read_as_it_is() == book


def test_columns_may_come_in_any_order_with_others_between(folder: Folder) -> None:
    book = folder.read()
    folder.lines["orgs.csv"] = ["name,note,org_id,customer_id", "Production,x,o1,c1", ",,o2,c1", "Ёлка,,o3,c2"]
    assert folder.read() == book


def test_tiers_are_optional_and_the_rest_is_not(folder: Folder) -> None:
    folder.read()
    (folder.path / "tiers.csv").unlink()
    assert folder.faults(as_it_is=True) == []
    (folder.path / "orgs.csv").unlink()
    assert folder.faults(as_it_is=True) == ["orgs.csv: cannot be read: No such file or directory"]


def test_a_directory_that_is_none_is_a_fault(tmp_path: Path) -> None:
    assert Folder(tmp_path / "nowhere").faults(as_it_is=True) == [
        f"{tmp_path / 'nowhere'}: is not a directory with the book's CSV files"
    ]


def test_a_column_that_is_missing_or_doubled_is_named(folder: Folder) -> None:
    folder.set("orgs.csv", 1, "org_id,org_id,customer_id")
    assert folder.faults() == [
        "orgs.csv:1: name: the column is missing",
        "orgs.csv:1: org_id: the column stands there twice",
    ]


def test_a_file_in_another_encoding_is_named_with_its_line(folder: Folder) -> None:
    folder.read()
    (folder.path / "orgs.csv").write_bytes("\n".join(GOOD["orgs.csv"]).encode("cp1251"))
    assert folder.faults(as_it_is=True) == ["orgs.csv:4: is not UTF-8: save it as UTF-8"]


def test_an_open_quote_is_named(folder: Folder) -> None:
    folder.add("orgs.csv", 'o4,c1,"open')
    assert folder.faults() == ["orgs.csv:5: is not CSV: unexpected end of data"]


def test_a_quoted_name_may_hold_commas_and_quotes(folder: Folder) -> None:
    folder.add("orgs.csv", 'o4,c1,"한빛, ""Best"" Ltd."')
    assert folder.read().orgs["o4"].name == '한빛, "Best" Ltd.'


@pytest.mark.parametrize("strange", ["\u2028", "\x85", "\x0b", "\x0c", "\x1e"])
def test_a_strange_line_break_in_a_cell_does_not_move_the_lines_after_it(folder: Folder, strange: str) -> None:
    folder.set("orgs.csv", 2, f"o1,c1,Prod{strange}uction")
    folder.set("orgs.csv", 4, "o3,c9,X")
    assert folder.faults() == [
        "orgs.csv:2: name: holds a control character or a line break",
        "orgs.csv:4: customer_id: 'c9' is not in customers.csv",
    ]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("k2,c1,month_to_month,01.01.2026,,USD", "start"),
        ("k2,c1,month_to_month,2024-01-01,2025-00-01,USD", "end"),
    ],
)
def test_a_date_that_is_none_does_not_overlap(folder: Folder, line: str, column: str) -> None:
    folder.set("contracts.csv", 3, line)
    assert [fault.split(": ")[:2] for fault in folder.faults()] == [["contracts.csv:3", column]]


def test_a_bound_that_is_no_number_is_one_fault(folder: Folder) -> None:
    folder.set("tiers.csv", 2, "k1,infra_host,ten,18")
    assert folder.faults() == ["tiers.csv:2: up_to_units: 'ten' is not a number of 0 or more, such as 12 or 0.085"]
