"""The two outside judges of FOCUS files, each in a virtual environment of its own under .validators/.

Neither can live beside the project's polars and pyarrow. `make validators` makes the environments; tests that find none
make them themselves.
"""

import fcntl
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / ".validators"
OFFICIAL = ("focus-validator==2.2.1", "pyarrow<26")  # 2.2.1 pins numpy 1.26, which pyarrow 26 refuses
TOOLKIT = ("focus-data-toolkit==0.14.1",)
NO_PYTHON = "no Python 3.12 here, which focus-validator 2.2.1 needs: apt-get install python3.12-venv, or pyenv"
# What the files claim to have; the rules of the other criteria do not apply to them.
CRITERIA = ",".join(
    f"{name}_SUPPORTED"
    for name in (
        "ACCOUNT_NAMING COMMITMENT_DISCOUNT MULTIPLE_BILLING_ACCOUNT_TYPES MULTIPLE_PRICING_CATEGORIES "
        "MULTIPLE_SUB_ACCOUNT_TYPES NEGOTIATED_PRICING PRICING_BILLING_CURRENCY_DIFFERENCES PUBLIC_PRICE_LIST "
        "SUB_ACCOUNT UNIT_PRICING USAGE_MEASUREMENT"
    ).split()
)
# No file can pass these: a child of an OR that holds, and two rules that contradict each other.
UNSATISFIABLE = {
    "InvoiceId-C-004-C",
    "CommitmentDiscountStatus-C-000-C",
    "CommitmentDiscountStatus-C-002-C",
    "CommitmentDiscountStatus-C-004-C",
}


def python_3_12() -> str | None:
    """An interpreter that runs: this one, the system's or pyenv's."""
    candidates = [
        sys.executable,
        shutil.which("python3.12"),
        *sorted(Path.home().glob(".pyenv/versions/3.12*/bin/python")),
    ]
    for candidate in filter(None, candidates):
        asked = [str(candidate), "-c", "import sys, ensurepip; print(*sys.version_info[:2])"]
        if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() == "3 12":
            return str(candidate)
    return None


def environment(name: str, python: str, packages: tuple[str, ...]) -> Path:
    """The interpreter of .validators/NAME with the packages, made at the first call; processes wait for each other."""
    home, wanted = HOME / name, "\n".join(packages)
    made = home / "packages.txt"
    HOME.mkdir(exist_ok=True)
    with (HOME / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists() or made.read_text(encoding="utf-8") != wanted:
            subprocess.run([python, "-m", "venv", "--clear", home], check=True)
            quietly = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*quietly, *packages], check=True)
            made.write_text(wanted, encoding="utf-8")
    return home / "bin" / "python"


def official_failures(python: str, file: Path) -> set[str]:
    """The rules of FOCUS 1.2 that the file fails. The validator's exit code says nothing, so its report is read."""
    home = environment("focus-validator", python, OFFICIAL).parents[1]
    command = [home / "bin" / "focus-validator", "--data-file", file, "--validate-version", "1.2.0.1"]
    options = ["--block-download", "--applicability-criteria", CRITERIA, "--output-type", "console"]
    # It looks for its list of currencies from its own folder.
    packages = next(home.glob("lib/python3.*/site-packages"))
    done = subprocess.run([*command, *options], cwd=packages, capture_output=True, text=True, check=True)
    assert done.stdout.count(": PASS") > 250, done.stdout + done.stderr
    return set(re.findall(r"(\S+): FAIL", done.stdout))


def toolkit_report(directory: Path) -> dict[str, Any]:
    """What the toolkit finds in the bundle of 1.4, at tolerance 0: {"lint": {dataset: [...]}, "bundle": {...}}."""
    python = environment("focus-data-toolkit", sys.executable, TOOLKIT)
    script = Path(__file__).with_name("toolkit_report.py")
    done = subprocess.run([python, script, directory], capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


if __name__ == "__main__":
    environment("focus-data-toolkit", sys.executable, TOOLKIT)
    if found := python_3_12():
        environment("focus-validator", found, OFFICIAL)
    else:
        print(NO_PYTHON)
