"""`python -m tests.screenshots`: pictures of the console over the demo's sample: light, dark and narrow."""

import argparse
import io
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tests.alerts.console.browser import chromium, served, tab
from tests.alerts.console.reached import reached, route_of
from tests.alerts.console.rooms import Room
from tests.flows.command import Workspace
from tests.flows.two_partners import routes

AT = datetime(2026, 9, 30, 14, tzinfo=UTC)
"""When the sample ends, an hour before its first deadline."""
LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "narrow": ("light", 375)}
"""The end of a picture's name -> the scheme of colours, the width in pixels."""


def pages(room: Room) -> dict[str, str]:
    """The name of a picture -> the first page of its kind that a link leads to."""
    paths = {route.path for route in routes() if route.method == "GET" and not route.is_api}
    found = reached(room.visitor(), paths).pages
    return {_name(route_of(path, paths)): path for path in reversed(found)}


def take(browser: Browser, base: str, shown: dict[str, str], folder: Path) -> Iterator[Path]:
    """Each page in each look, as a file."""
    for look, (scheme, width) in LOOKS.items():
        with tab(browser, base, viewport={"width": width, "height": 800}, color_scheme=scheme) as here:
            for name, path in shown.items():
                here.go(path)
                for frame in here.page.frames:  # a digest in its frame is worked out for a while
                    frame.wait_for_load_state("networkidle")
                for frame in here.page.locator("iframe").all():  # nothing is drawn in it before it was looked at
                    frame.scroll_into_view_if_needed()
                    frame.screenshot()
                file = folder / f"{name}-{look}.png"
                _write(here.page.screenshot(full_page=True), file)
                yield file


def _name(route: str) -> str:
    """/tickets/{ticket_id}/letters/{key} is ticket-letter, /tickets is tickets."""
    return re.sub(r"s/\{\w+\}", "", route).strip("/").replace("/", "-") or "queue"


def _write(png: bytes, file: Path) -> None:
    """With a palette of its commonest colours: a third of the size, and no difference that is seen."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    commonest = sorted(picture.getcolors(picture.width * picture.height), reverse=True)[:256]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in commonest for part in colour])
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(file, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        demo = Path(place) / "demo"
        Workspace(Path(place)).well("demo", demo)
        room = Room.of(demo, AT)
        with chromium() as browser, served(room) as base:
            for file in take(browser, base, pages(room), folder):
                print(f"{file.stat().st_size // 1000:>5} kB  {file}")
        room.app.engine.dispose()


if __name__ == "__main__":
    main()
