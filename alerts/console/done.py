"""What was just done, said on the page that comes next, with what undoes it."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse

MOST = 100  # alerts that a cookie holds; a verdict on more of them is undone where it was given
LONGEST = 1500  # characters of a sentence in a cookie, where a letter may take twelve


def told(said: str = "", state: str = "", ids: Sequence[str] = ()) -> dict[str, Any]:
    """For a page: a sentence, or the state into which a verdict put these alerts, which can be undone."""
    while len(json.dumps(said)) > LONGEST:
        said = said[:-1]
    return {"said": said, "state": state, "count": len(ids), "ids": list(ids)}


def go(request: Request, to: str, done: dict[str, Any]) -> RedirectResponse:
    """To a page of the console, which says it once."""
    request.session["done"] = done if done["count"] <= MOST else {**done, "ids": []}
    return RedirectResponse(to, 303)


def just_done(request: Request) -> dict[str, Any] | None:
    """What the page has to say, once."""
    found: dict[str, Any] | None = request.session.pop("done", None)
    return found
