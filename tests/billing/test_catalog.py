"""The built-in catalogue, and catalogues that are broken."""

import csv
import json
from pathlib import Path

import pytest

from billing import catalog
from billing.catalog import HOURLY_ROLLUPS, ROLLUP_NAMES
from billing.errors import SettingsError

BUILT_IN = Path(catalog.__file__).with_name("catalog.csv")
SHARED = Path(__file__).resolve().parents[2] / "../shared"
HEADER = BUILT_IN.read_text(encoding="utf-8").splitlines()[0]
HOST = "host,Hosts,hosts,host_count,p99,sum,1,host,,,15,,18"
BOX = "box,Boxes,hosts,box_count,hourly_overage,hourly_overage,1,box,host,5,,,"
beside = pytest.mark.skipif(not SHARED.exists(), reason="the folder shared is not beside the repository")


def test_every_meter_of_the_built_in_catalogue_makes_sense() -> None:
    meters = catalog.load().meters
    before: set[str] = set()
    for name, meter in meters.items():
        assert name == meter.meter
        assert meter.product_family and all(meter.usage_types) and meter.unit
        assert {meter.rollup, meter.hourly_option_rollup} <= set(ROLLUP_NAMES)
        assert meter.per >= 1
        assert all(price > 0 for price in meter.list_prices.values())
        assert (meter.parent is None) == (meter.allotment_quantity == 0)
        assert meter.parent is None or meter.parent in before, "parents come first"
        assert meter.parent or meter.rollup not in HOURLY_ROLLUPS
        before.add(name)


def test_a_usage_type_has_one_meter_or_is_known_not_to_be_billed() -> None:
    found = catalog.load()
    types = [(m.product_family, kind) for m in found.meters.values() for kind in m.usage_types]
    assert len(types) == len(set(types)) == len(found.of_type())
    assert not found.known & set(types)


@beside
def test_the_built_in_catalogue_is_the_agreed_one() -> None:
    assert BUILT_IN.read_text(encoding="utf-8") == (SHARED / "catalog.csv").read_text(encoding="utf-8")


@beside
def test_every_documented_usage_type_is_billed_or_known() -> None:
    path = SHARED / "data/datadog/fields/v2_families_usage_types.json"
    families = json.loads(path.read_text(encoding="utf-8"))["families"]
    documented = {(family, kind) for family, kinds in families.items() for kind in kinds}
    assert len(documented) > 100
    assert documented - catalog.load().of_type().keys() - catalog.load().known == set()


def test_the_option_of_a_term_chooses_the_rollup() -> None:
    host = catalog.load().meters["infra_host"]
    assert (host.applied_rollup("monthly"), host.applied_rollup("hourly")) == ("p99", "sum")


def faults(path: Path, *lines: str) -> list[str]:
    path = path / "catalog.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        catalog.load(path)
    return [f"{fault.line}: {fault.column}: {fault.what}" for fault in raised.value.faults]


def test_a_catalogue_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "catalog.csv").write_text("\n".join([HEADER, BOX, HOST.replace("host_count", "host_count;vm_count")]))
    found = catalog.load(tmp_path / "catalog.csv")
    assert list(found.meters) == ["host", "box"]
    assert found.of_type() == {
        ("hosts", "host_count"): "host",
        ("hosts", "vm_count"): "host",
        ("hosts", "box_count"): "box",
    }


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (HOST.replace("host,", ",", 1), "meter"),
        (HOST.replace(",host_count,", ",,"), "usage_types"),
        (HOST.replace(",hosts,", ",,"), "product_family"),
        (HOST.replace("p99", "p95"), "rollup"),
        (HOST.replace("p99,sum", "p99,"), "hourly_option_rollup"),
        *((HOST.replace(",1,host", f",{per},host"), "per") for per in ("0", "", "1.5", "-1", "NaN", "inf", "1e3")),
        (HOST.replace(",15,", ",fifteen,"), "list_annual"),
        (HOST.replace(",18", ",-18"), "list_on_demand"),
        (HOST.replace("host,,,", "host,tent,5,"), "allotment_parent"),
        (BOX.replace(",host,5,", ",host,NaN,"), "allotment_quantity"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, column: str) -> None:
    lines = [line] if line.startswith(("host", ",")) else [HOST, line]
    found = faults(tmp_path, HEADER, *lines)
    assert {fault.split(": ")[1] for fault in found} == {column}, found
    assert found[0].startswith(f"{len(lines) + 1}: ")


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, HEADER, HOST.replace("p99", "p95").replace(",1,host", ",x,host"), BOX.replace("5", "y"))
    assert {tuple(fault.split(": ")[:2]) for fault in found} == {
        ("2", "rollup"),
        ("2", "per"),
        ("3", "allotment_quantity"),
    }


def test_a_meter_or_a_usage_type_twice_is_a_fault(tmp_path: Path) -> None:
    assert "meter" in faults(tmp_path, HEADER, HOST, HOST.replace("host_count", "other"))[0]
    tent = HOST.replace("host,Hosts", "tent,Tents")
    (found,) = faults(tmp_path, HEADER, HOST, tent)
    assert found.startswith("3: usage_types: ")


def test_parents_that_go_round_are_a_fault(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, HEADER, HOST.replace("host,,,", "host,box,5,"), BOX)
    assert "box, host" in found


def test_what_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    lacking = next(csv.reader([HEADER]))
    lacking.remove("per")
    assert any("per" in fault for fault in faults(tmp_path, ",".join(lacking)))
    with pytest.raises(SettingsError, match=r"nowhere\.csv"):
        catalog.load(tmp_path / "nowhere.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"binary\.csv"):
        catalog.load(tmp_path / "binary.csv")
