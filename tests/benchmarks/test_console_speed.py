"""The console's benchmark on a small store: every page answers, and the report has them all."""

import os
from pathlib import Path

from tests.benchmarks import console_speed
from tests.benchmarks.console_pages import ALERT, FLOOR, QUEUE
from tests.benchmarks.full_house import make
from tests.document import put


def test_every_page_is_timed_and_reported(tmp_path: Path) -> None:
    house = tmp_path / "w", dict(os.environ)
    make(*house, alerts=2000, hours=96_000)
    result = console_speed.measured(house, "", runs=1, seconds=0)
    assert len(result.pages) > 45 and all(took.size for took in result.pages.values())
    text, _ = console_speed.report({"SQLite": result})
    assert all(name in text for name in (FLOOR, QUEUE, ALERT, *result.pages))
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{console_speed.BEGIN}\n{console_speed.END}\nafter\n", encoding="utf-8")
    put(text, page, console_speed.BEGIN, console_speed.END)
    assert text in page.read_text(encoding="utf-8")


def test_what_is_missed_is_said() -> None:
    slow = console_speed.Took([0.2] * 9 + [0.9], [0.1], 1)
    result = console_speed.Result({FLOOR: slow, QUEUE: slow, ALERT: slow}, 130_000, None, 0, "", 100)
    text, good = console_speed.report({"SQLite": result})
    assert not good and text.count("missed") == 3 and "900" in text
