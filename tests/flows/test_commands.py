"""The command from outside: workspaces, settings, exit codes, verdicts on nothing, digests as files."""

import json
import shutil
import tomllib
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.flows.command import Workspace, new_workspace


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An untouched workspace, for tests that leave it so."""
    return new_workspace(tmp_path_factory.mktemp("empty") / "workspace")


def test_a_new_workspace_works_as_it_is(tmp_path: Path) -> None:
    made = Workspace(tmp_path / "new").process("init", tmp_path / "new")
    assert (made.code, made.err) == (0, "")
    text = (tmp_path / "new/floodmark.toml").read_text(encoding="utf-8")
    settings = ("store", "datadog", "billing", "detection", "tickets", "mail", "audit", "console")
    assert set(tomllib.loads(text)) == set(settings), "every section is there, every key a comment"
    assert all(values == {} for values in tomllib.loads(text).values())
    workspace = Workspace(tmp_path / "new")
    assert workspace.well("alerts", "--json").json == []
    assert workspace.well("tickets", "--json").json == []
    assert workspace.well("run", "--at", "2026-11-10T12:00:00Z").err == ""
    bill = workspace.well("bill", "2026-10", "--json", "--at", "2026-12-01T00:00:00Z").json
    nothing: dict[str, list[object]] = {
        name: [] for name in ("lines", "totals", "unassigned", "unknown_products", "uncontracted", "corrections")
    }
    assert bill.pop("closed_at") is None
    assert bill == {"month": "2026-10", "as_of": "2026-11-01T00:00:00Z", "state": "final", **nothing}


def test_init_does_not_write_over_a_workspace(empty: Workspace) -> None:
    settings = empty.path / "floodmark.toml"
    settings.write_text(settings.read_text() + "\n# mine\n")
    done = empty.call("init", empty.path)
    assert done.code == 2
    assert str(settings) in done.err
    assert settings.read_text().endswith("# mine\n")


def test_every_commented_default_is_the_default(empty: Workspace, tmp_path: Path) -> None:
    """What the file says the defaults are can be set, and is what the contract says."""
    lines = (empty.path / "floodmark.toml").read_text(encoding="utf-8").splitlines()
    keys = [
        line.removeprefix("# ") for line in lines if line.startswith("[") or (line.startswith("# ") and " = " in line)
    ]
    settings = tomllib.loads("\n".join(keys))
    assert settings["store"] == {"database": "sqlite:///floodmark.db", "lake": "lake"}
    assert settings["billing"] == {"catalog": "", "policy": "", "p99_rank": "ninth", "final_day": 16}
    assert settings["detection"] == {
        "min_stake": 50,
        "alerts_per_series_month": 0.2,
        "min_history_days": 7,
        "loud_alerts_a_day": 60,
    }
    assert settings["tickets"] == {
        "sink": "eml",
        "to": "partner-cs@vendor.example",
        "review_hours": 24,
        "vendor_time_zone": "America/New_York",
        "vendor_hours": "09:00-18:00",
        "vendor_holidays": "US",
        "answer_hours": 48,
    }
    assert settings["datadog"] == {
        "api_url": "https://api.datadoghq.com",
        "trailing_days": 4,
        "connected_accounts": True,
        "product_families": "all",
    }
    (tmp_path / "floodmark.toml").write_text("\n".join(keys))
    Workspace(tmp_path).well("alerts", "--json")


def test_check_names_every_fault_of_the_settings_with_file_and_key(tmp_path: Path) -> None:
    (tmp_path / "floodmark.toml").write_text(
        "[store]\nlaek = 'x'\n[billing]\np99_rank = 'tenth'\nfinal_day = 0\n[tickets]\nvendor_time_zone = 'Mars/Base'\n"
        "to = 'nobody'\n[detection]\nmin_stake = -1\n[colours]\nred = 1\n"
    )
    named = ["store.laek", "p99_rank", "final_day", "vendor_time_zone", "tickets.to", "min_stake", "colours"]
    done = Workspace(tmp_path).process("check", FLOODMARK_CONSOLE__PORT="eighty")
    assert done.code == 2
    for key in named:
        [line] = [line for line in done.err.splitlines() if key in line]
        assert line.startswith("floodmark.toml: ") or str(tmp_path / "floodmark.toml") in line
    assert "FLOODMARK_CONSOLE__PORT" in done.err
    assert len(done.err.splitlines()) == len(named) + 1
    for command in (("alerts",), ("bill", "2026-10"), ("run",)):
        assert Workspace(tmp_path).call(*command).code == 2


def test_check_is_content_with_a_loaded_workspace(stormy: Workspace) -> None:
    done = stormy.well("check")
    assert done.err == ""
    assert stormy.well("check", "--json").json["faults"] == []
    nobody = stormy.call("check", FLOODMARK_MAIL__URL="smtp://127.0.0.1:1")
    assert nobody.code in (2, 3)
    assert "mail.url" in nobody.err


def test_check_says_that_the_book_is_empty(empty: Workspace) -> None:
    done = empty.call("check")
    assert done.code != 0
    assert "book" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("bil", "2026-10"),
        ("bill",),
        ("bill", "2026-13"),
        ("bill", "october"),
        ("bill", "0000-01"),
        ("bill", "9999-12"),
        ("bill", "2026-10", "--by", "week"),
        ("bill", "2026-10", "--as-of", "yesterday"),
        ("run", "--at", "2026-02-30T00:00:00Z"),
        ("run", "--at", "0001-01-01T00:00:00Z"),
        ("run", "--at", "9999-12-31T23:00:00Z"),
        ("replay", "--from", "2026-10-02T00:00:00Z", "--to", "2026-10-01T00:00:00Z", "--every", "1h"),
        ("replay", "--from", "2026-10-02T00:00:00Z", "--to", "2026-10-03T00:00:00Z", "--every", "0h"),
        ("replay", "--from", "2026-10-02T00:00:00Z", "--to", "2026-10-03T00:00:00Z", "--every", "9999999999999d"),
        ("alert", "al_none", "confirm"),
        ("alert", "al_none", "maybe"),
        ("digest", "--partner", "nobody"),
        ("ingest", "datadog"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_2_and_a_sentence(empty: Workspace, arguments: tuple[str, ...]) -> None:
    done = empty.call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.strip()
    assert "Traceback" not in done.err


def test_no_workspace_is_2_and_says_what_to_do(tmp_path: Path) -> None:
    done = Workspace(tmp_path / "nowhere").process("bill", "2026-10", "--json")
    assert (done.code, done.out) == (2, "")
    assert "floodmark init" in done.err
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://nobody@127.0.0.1:1/floodmark", "sqlite:////proc/floodmark.db"], ids=["pg", "sqlite"]
)
def test_a_database_that_cannot_be_reached_is_the_worlds_fault(empty: Workspace, url: str) -> None:
    done = empty.call("alerts", "--json", FLOODMARK_STORE__DATABASE=url)
    assert (done.code, done.out) == (3, "")
    assert "database" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("broken", ["a file in its place", "another table in its place", "garbage in its log"])
def test_a_lake_that_is_broken_is_the_worlds_fault(stormy: Workspace, tmp_path: Path, broken: str) -> None:
    shutil.rmtree(stormy.path / "lake")
    if broken == "a file in its place":
        (stormy.path / "lake").touch()
    else:
        (stormy.path / "lake/_delta_log").mkdir(parents=True)
        (stormy.path / "lake/_delta_log/00000000000000000000.json").write_text("garbage")
    usage = tmp_path / "usage.csv"
    usage.write_text("org_id,product_family,usage_type,hour,quantity\na,b,c,2026-11-10T00:00:00Z,1\n")
    for command in (("bill", "2026-11", "--json"), ("ingest", "files", str(usage)), ("run", "--at", "2026-11-10")):
        done = stormy.call(*command)
        assert (done.code, done.out) == (3, ""), done.err
        assert "lake" in done.err
        assert "Traceback" not in done.err
        assert "\x1b" not in done.err


def test_a_setting_from_the_environment_beats_the_file(stormy: Workspace) -> None:
    (stormy.path / "floodmark.toml").write_text("[billing]\np99_rank = 'eighth'\n")
    from_file = stormy.well("bill", "2026-11", "--json", "--at", "2027-01-01T00:00:00Z").out
    from_both = stormy.well(
        "bill", "2026-11", "--json", "--at", "2027-01-01T00:00:00Z", FLOODMARK_BILLING__P99_RANK="ninth"
    ).out
    (stormy.path / "floodmark.toml").write_text("")
    assert from_both == stormy.well("bill", "2026-11", "--json", "--at", "2027-01-01T00:00:00Z").out
    assert json.loads(from_file)["state"] == "final"


def test_digest_files_are_what_run_sends_and_name_nobody_elses_customers(stormy: Workspace, tmp_path: Path) -> None:
    before = stormy.files()
    stormy.well("digest", "--at", "2026-11-12T08:00:00Z", "--out", tmp_path / "all")
    stormy.well("digest", "--at", "2026-11-12T08:00:00Z", "--out", tmp_path / "one", "--partner", "choir")
    assert {p: c for p, c in stormy.files().items() if "db" not in p} == {
        p: c for p, c in before.items() if "db" not in p
    }
    assert len(list((tmp_path / "all").glob("*.eml"))) == 2
    [one] = (tmp_path / "one").glob("*.eml")
    message = message_from_bytes(one.read_bytes(), policy=policy.default)
    assert message["To"] == "choir@partner.example"
    body = message.get_body(("plain",))
    assert body is not None
    assert "The Alto Company" in body.get_content()
    assert not [name for name in ("Cello", "Drum", "Band") if name in one.read_text()]
    assert stormy.well("tickets", "--json").json == []
    assert not stormy.outbox()
