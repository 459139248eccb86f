"""What commands print: names, replies and errors of others are text there, and neither colour, move nor rename it."""

import json
import re
from collections.abc import Iterator

import pytest
from rich.table import Table

from alerts import outbox
from billing.database import reading
from flows.terminal import Terminal, json_text
from tests.flows.command import Workspace
from tests.flows.sixty import sixty
from tests.fuzz.names import NAMES, ODD

OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
COMMANDS = [
    ("alerts",),
    ("tickets",),
    *(("ticket", f"tk_{k:012x}") for k in range(0, len(NAMES), 4)),
    ("ticket", "tk_00000000003a"),
    ("journal",),
    ("audit",),
    ("check",),
    ("bill", "2026-11", "--by", "customer"),
    ("alerts", "--json"),
    ("tickets", "--json"),
    ("journal", "--json"),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made = sixty(tmp_path_factory.mktemp("sixty") / "w", NAMES)
    with reading(made.app.engine) as connection:
        assert {one.subject for one in outbox.all_deliveries(connection)} >= set(NAMES)
    yield Workspace(made.app.workspace)
    made.app.engine.dispose()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nothing_that_a_terminal_obeys_is_printed(workspace: Workspace, command: tuple[str, ...]) -> None:
    done = workspace.call(*command)
    assert done.code in (0, 1) and done.out
    assert OBEYED.findall(done.out + done.err) == []


def test_names_are_printed_as_they_are(workspace: Workspace) -> None:
    """Brackets are no markup, and colons no pictures."""
    printed = workspace.well("ticket", "tk_00000000002a", COLUMNS="400").out
    assert "[/bold] [link=https://evil.example]x[/link] [red] :skull:" in " ".join(printed.split())


@pytest.mark.parametrize("name", [*NAMES, *ODD])
def test_a_document_says_the_same_to_a_program(name: str) -> None:
    text = json_text({"name": name})
    assert json.loads(text) == {"name": name} and not OBEYED.search(text.replace("\n", ""))


@pytest.mark.parametrize("name", [*NAMES, *ODD])
def test_a_table_on_a_real_terminal_has_no_sequence_but_its_own(name: str) -> None:
    table = Table(title=name)
    table.add_column(name)
    table.add_row(name)
    terminal = Terminal()
    with terminal.capture() as captured:
        terminal.print(table, name)
    assert not OBEYED.search(captured.get())
