"""Templates to pages: always escaped, in the reader's language, with what every page needs."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts.console.assets import static
from alerts.console.languages import TONGUES
from alerts.console.readers import tongue
from alerts.console.session import SAFE, csrf
from alerts.console.shown import WORDS

TEMPLATES = Path(__file__).parent / "templates"


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The template, filled. Beside `values` it knows the user, the session's token, the address, and the languages to
    choose from: none on the answer to a form, which has no address to come back to."""
    language = tongue(request).code
    always = {
        "user": getattr(request.state, "user", None),
        "csrf": csrf(request),
        "path": request.url.path,
        "language": language,
        "languages": TONGUES if request.method in SAFE else {},
    }
    html = templates(language).get_template(template).render(always | values)
    return HTMLResponse(html.encode(errors="replace"), status)  # a store may hold halves of letters


@cache
def templates(language: str) -> Environment:
    """With `_("...")` for every sentence: see alerts/console/languages."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(WORDS)
    environment.globals.update({"static": static, **TONGUES[language].spoken})
    return environment
