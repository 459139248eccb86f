"""The vendor's bodies: recorded ones, odd ones, broken ones."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.errors import InputError
from billing.frames import USAGE
from billing.sources.bodies import decode, from_body, read_json
from billing.sources.files import read_file

RECORDED = Path(__file__).resolve().parents[2] / "../shared/data/datadog"
recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason="the vendor's recorded bodies are not beside the project")


def record(number: int = 1, **attributes: Any) -> dict[str, Any]:
    usual = {
        "org_name": "Ünïted Ōrgs",
        "public_id": f"o{number}",
        "product_family": "infra_hosts",
        "timestamp": "2026-10-31T23:00:00+00:00",
        "measurements": [
            {"usage_type": "host_count", "value": number},
            {"usage_type": "container_count", "value": None},
        ],
    }
    return {"type": "usage_timeseries", "id": "0", "attributes": usual | attributes}


def body(*records: Any, **members: Any) -> dict[str, Any]:
    return {"data": list(records), **members}


def faults(text: str) -> list[str]:
    return [str(bad.fault) for bad in read_json(text, "b.json").bad]


def with_value(literal: str) -> str:
    return json.dumps(body(record(measurements=[{"usage_type": "t", "value": "HERE"}]))).replace('"HERE"', literal)


@recorded
def test_a_recorded_body_is_read_as_it_stands() -> None:
    path = RECORDED / "v2_usage_hourly_usage__200.json"
    read = read_file(path)
    plain = [
        (
            one["attributes"]["public_id"],
            one["attributes"]["product_family"],
            measurement["usage_type"],
            datetime.fromisoformat(one["attributes"]["timestamp"]),
            measurement["value"],
            None,
        )
        for one in json.loads(path.read_text(encoding="utf-8"))["data"]
        for measurement in one["attributes"]["measurements"]
    ]
    assert not read.bad
    assert read.usage.rows() == plain
    assert len(plain) == 24 * 13
    assert read.usage["quantity"].null_count() == 24


@recorded
def test_recorded_errors_are_refused_with_the_vendors_words() -> None:
    errors = sorted(RECORDED.glob("*__400.json"))
    assert len(errors) > 10
    for path in errors:
        error = json.loads(path.read_text(encoding="utf-8"))["errors"][0]
        words = error if isinstance(error, str) else error["detail"]
        with pytest.raises(InputError) as refused:
            read_file(path)
        assert f"{path}: an error of the vendor, not usage: {words[:100]}" in str(refused.value)


@recorded
def test_bodies_of_other_endpoints_yield_no_usage() -> None:
    for path in sorted(RECORDED.glob("*__200*.json")):
        if "hourly_usage" in path.name:
            continue
        try:
            read = read_file(path)
        except InputError:
            continue
        assert read.usage.is_empty()
        assert len(read.bad) == len(json.loads(path.read_text(encoding="utf-8"))["data"])


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([body(record(1), record(2)), body(), body(record(3), meta=None)], indent=1),
        "\n".join(json.dumps(page) for page in (body(record(1)), body(record(2), record(3), meta={}))) + "\n\n",
        "\r\n".join(json.dumps([body(record(n), meta={"pagination": {"next_record_id": "x"}})]) for n in (1, 2, 3)),
        json.dumps(body(record(1), record(2), record(3)), ensure_ascii=False),
    ],
)
def test_a_body_a_list_and_lines_of_bodies_are_the_same(text: str) -> None:
    read = read_json(text, "b.json")
    assert not read.bad
    assert read.usage.select("org_id", "quantity").rows() == [
        (f"o{n}", quantity) for n in (1, 2, 3) for quantity in (n, None)
    ]


def test_what_is_known_since_when_is_said_of_every_row() -> None:
    now = datetime(2026, 11, 1, 2, 30, 15, 250, tzinfo=UTC)
    assert from_body(body(record(1)), "page", observed_at=now).usage["observed_at"].to_list() == [now, now]


def test_records_are_counted_through_the_file_and_named_once() -> None:
    bad = record(1, timestamp="2026-10-31T23:30:00Z")
    text = json.dumps([body(record(1), bad), body(record(2)), body(bad, record(3, public_id=""))])
    assert faults(text) == [
        "b.json:2: timestamp: '2026-10-31T23:30:00Z' is not on the full hour",
        "b.json:4: timestamp: '2026-10-31T23:30:00Z' is not on the full hour",
        "b.json:5: public_id: is empty",
    ]


def test_one_bad_measurement_leaves_its_neighbours() -> None:
    measurements = [{"usage_type": "a", "value": 1}, {"usage_type": "b", "value": -2}, {"usage_type": "c", "value": 3}]
    read = read_json(json.dumps(body(record(measurements=measurements))), "b.json")
    assert read.usage["usage_type"].to_list() == ["a", "c"]
    (bad,) = read.bad
    assert str(bad.fault) == "b.json:1: measurements[1].value: '-2' is negative"
    assert json.loads(bad.row)["attributes"]["measurements"] == measurements


@pytest.mark.parametrize(
    ("literal", "value"), [("10", 10), ("10.0", 10), ("0", 0), ("null", None), (str(2**63 - 1), 2**63 - 1)]
)
def test_values_that_are_whole(literal: str, value: int | None) -> None:
    assert read_json(with_value(literal), "b.json").usage["quantity"].to_list() == [value]


@pytest.mark.parametrize(
    "literal", ["-1", "1.5", "1e3", "1e999", "true", "false", '"10"', '""', "[]", "{}", "[1]", str(2**63), "9" * 4000]
)
def test_values_that_are_no_whole_numbers(literal: str) -> None:
    read = read_json(with_value(literal), "b.json")
    assert read.usage.is_empty()
    assert [bad.fault.column for bad in read.bad] == ["measurements[0].value"]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (5, "the record is not an object with attributes"),
        ({"type": "usage_timeseries"}, "the record is not an object with attributes"),
        (record() | {"type": "cost_by_org"}, "the record is of type 'cost_by_org', not usage_timeseries"),
        ({"attributes": record()["attributes"]}, "the record is of type None, not usage_timeseries"),
        (record(measurements=None), "measurements is not a list"),
        (record(public_id=17), "public_id is not text"),
        (record(timestamp=1_790_000_000), "timestamp is not text"),
        (
            record(public_id="a\u0000b", measurements=[{"usage_type": "t", "value": 1}]),
            "public_id: 'a\\x00b' holds a control character",
        ),
        (record(product_family=None, measurements=[{"usage_type": "t", "value": 1}]), "product_family: is empty"),
        (record(measurements=["t"]), "measurements[0] is not an object with a usage_type and a value"),
        (record(measurements=[{"usage_type": "t"}]), "measurements[0] is not an object with a usage_type and a value"),
        (
            record(measurements=[{"usage_type": None, "value": 1}]),
            "measurements[0] is not an object with a usage_type and a value",
        ),
        (record(measurements=[{"usage_type": "", "value": 1}]), "measurements[0].usage_type: is empty"),
    ],
)
def test_a_record_that_is_none(one: Any, said: str) -> None:
    assert faults(json.dumps(body(record(1), one))) == [f"b.json:2: {said}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("<html>", "not JSON that can be read: Expecting value: line 1 column 1"),
        ('{"data": [', "not JSON that can be read: Expecting value: line 1 column 11"),
        (
            json.dumps(body()) + "\n" + json.dumps(body())[:-1],
            "not JSON that can be read: Expecting ',' delimiter: line 2",
        ),
        (with_value("NaN"), "NaN is not a number"),
        (with_value("-Infinity"), "-Infinity is not a number"),
        (with_value("1e9999999999999999999"), "1e9999999999999999999 is no number to reckon with"),
        (with_value("9" * 5000), "not JSON that can be read: Exceeds the limit"),
        ('{"data": [], "data": []}', "an object has the key 'data' twice"),
        (json.dumps(body(record(public_id="\ud800"))), "not JSON that can be read: 'utf-8' codec can't encode"),
        ("[" * 100_000, "nested deeper than the 32 levels"),
        ('{"a":' * 100_000, "nested deeper than the 32 levels"),
        ("[[]]", "not a body of hourly_usage: it has no list named data"),
        ('{"usage": []}', "not a body of hourly_usage: it has no list named data"),
        ('{"data": {}}', "not a body of hourly_usage: it has no list named data"),
        ("17", "not a body of hourly_usage: it has no list named data"),
        ('{"errors": ["Rate limit\\u001b[31m reached"]}', "an error of the vendor, not usage: Rate limit [31m reached"),
        ('{"errors": {"odd": 1}}', "an error of the vendor, not usage: {'odd': 1}"),
        ('{"errors": [{"title": "Bad Request", "detail": null}]}', "an error of the vendor, not usage: Bad Request"),
    ],
)
def test_what_is_no_body_is_refused_whole(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read_json(text, "b.json")
    assert said in str(refused.value)
    assert refused.value.faults[0].place == "b.json"


@given(st.integers(0, 10_000))
def test_a_body_cut_off_anywhere_is_refused(cut: int) -> None:
    text = json.dumps(body(record(1), record(2)), indent=1)
    with pytest.raises(InputError):
        read_json(text[: cut % len(text)], "b.json")


def test_an_emoji_in_two_halves_is_whole() -> None:
    (read,) = decode(json.dumps("\N{GRINNING FACE}"))
    assert read == "\N{GRINNING FACE}"


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
measurements = st.fixed_dictionaries(
    {}, optional={"usage_type": st.just("t") | anything, "value": st.integers() | anything}
)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "public_id": st.just("o") | anything,
        "product_family": st.just("f") | anything,
        "timestamp": st.just("2026-10-31T23:00:00Z") | anything,
        "measurements": st.lists(measurements | anything, max_size=3) | anything,
    },
)
records = st.fixed_dictionaries({"type": st.just("usage_timeseries")}, optional={"attributes": attributes | anything})


@settings(max_examples=300, deadline=None)
@given(anything | st.lists(records | anything, max_size=4).map(lambda found: {"data": found}))
def test_any_json_yields_usage_bad_rows_or_a_refusal(value: Any) -> None:
    try:
        read = read_json(json.dumps(value), "b.json")
    except InputError as refused:
        assert refused.faults
    else:
        assert read.usage.schema == USAGE
        assert all(bad.fault.line >= 1 and len(bad.row) <= 500 for bad in read.bad)


def test_nesting_is_counted_the_same_wherever_it_is() -> None:
    for value in ("[" * 30 + "]" * 30, '{"a":' * 30 + "1" + "}" * 30):
        assert decode(f"[[{value}]]")
        with pytest.raises(ValueError, match="nested deeper than the 32 levels"):
            decode(f"[[[{value}]]]")
