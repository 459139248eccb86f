"""The queue: what is still to be decided, the most urgent first."""

from fastapi import APIRouter, Request, Response

from alerts.console.paper import page
from alerts.console.view import See

router = APIRouter()


@router.get("/")
def queue(request: Request, view: See) -> Response:
    return page(request, "queue.html", orgs=len(view.book.orgs))
