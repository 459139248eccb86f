"""Templates to pages: always escaped, in the reader's language, with what every page needs."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts.console.assets import static
from alerts.console.languages import LANGUAGES, sentence
from alerts.console.session import csrf
from alerts.console.shown import WORDS

TEMPLATES = Path(__file__).parent / "templates"


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The template, filled. Beside `values` it knows the user, the session's token and the address."""
    environment = templates(language(request))
    always = {
        "user": getattr(request.state, "user", None),
        "csrf": csrf(request),
        "path": request.url.path,
        "language": language(request),
    }
    html = environment.get_template(template).render(always | values)
    return HTMLResponse(html.encode(errors="replace"), status)  # a store may hold halves of letters


def language(request: Request) -> str:
    """The one they chose, else the first that the browser asks for and we have, else English."""
    chosen = str(request.session.get("language", ""))
    asked = [part.split(";")[0].strip()[:2] for part in request.headers.get("accept-language", "").split(",")]
    return next((one for one in (chosen, *asked) if one in LANGUAGES), "en")


@cache
def templates(language_: str) -> Environment:
    """With `_("...")` for every sentence: see alerts/console/languages."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(WORDS)
    environment.globals.update({"static": static, "_": sentence(language_)})
    return environment
