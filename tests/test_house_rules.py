"""What the house promises about itself: tables match files, the clock is an argument, the docs hold."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from billing import catalog
from detectors.scan import KINDS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("billing", "detectors", "alerts", "flows")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager", "service", "core"}
MAY_ASK_THE_TIME = {
    "flows/commands/audit.py",
    "flows/commands/printed.py",
    "flows/commands/watch.py",
    "flows/demo.py",
    "flows/deployed.py",
    "flows/sinks.py",
}
"""Where the present time enters."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_a_detector_is_one_file_and_stands_in_the_table() -> None:
    files = {path.stem for path in (ROOT / "detectors" / "kinds").glob("*.py")} - {"__init__"}
    assert {kind.name for kind in KINDS} == files


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_source_file_is_documented_and_of_a_readable_length(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a sentence at the top says what the file is for"
    assert len(text.splitlines()) <= 300
    assert path.stem not in FORBIDDEN_NAMES


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_the_clock_is_an_argument(path: Path) -> None:
    asks = re.search(r"\bdatetime\.now\(|\butcnow\(|\btime\.time\(|\bdate\.today\(", path.read_text(encoding="utf-8"))
    assert not asks or name_of(path) in MAY_ASK_THE_TIME


@pytest.mark.parametrize("path", [p for p in SOURCES if p.parent.name == "billing"], ids=name_of)
def test_no_float_comes_near_money(path: Path) -> None:
    if path.name == "grid.py":
        return
    used = {node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)}
    assert "float" not in used


def test_importing_the_command_starts_nothing_heavy() -> None:
    heavy = ("prefect", "statsmodels", "polars", "sqlalchemy", "datadog_api_client")
    program = f"import sys, flows.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_key_of_the_settings_template_is_a_default() -> None:
    from flows.settings import Settings

    text = (ROOT / "flows" / "floodmark.toml").read_text(encoding="utf-8")
    uncommented = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
    written = tomllib.loads(uncommented)
    assert Settings.model_validate(written) == Settings()
    for section, fields in Settings().model_dump().items():
        assert set(written[section]) == set(fields), section


def test_every_command_is_in_the_readme() -> None:
    from typer.main import get_command

    from flows.cli import cli

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in get_command(cli).commands:  # type: ignore[attr-defined]
        assert f"floodmark {name}" in readme, name


def test_every_meter_has_a_name_and_a_unit() -> None:
    for meter in catalog.load().meters.values():
        assert meter.name and meter.unit, meter.meter
