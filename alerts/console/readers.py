"""In which language a reader is spoken to: the one they chose, else the first that their browser asks for."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from alerts.console.languages import TONGUES
from alerts.console.session import LANGUAGE, here, own_form
from alerts.console.tongue import Tongue

router = APIRouter(dependencies=[Depends(own_form)])


def tongue(request: Request) -> Tongue:
    """English where the browser asks for none that we have."""
    chosen = str(request.session.get(LANGUAGE, ""))
    ranges = request.headers.get("accept-language", "").split(",")
    asked = [one.partition(";")[0].partition("-")[0].strip().lower() for one in ranges]
    return TONGUES[next((one for one in (chosen, *asked) if one in TONGUES), "en")]


@router.post("/language")
def choose(request: Request, language: Annotated[str, Form()] = "") -> Response:
    """For this session; back to the page that it was chosen on."""
    if language in TONGUES:
        request.session[LANGUAGE] = language
    page = urlsplit(request.headers.get("referer", ""))
    return RedirectResponse(here(page._replace(scheme="", netloc="").geturl()), 303)
