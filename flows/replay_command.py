"""`floodmark replay`: progress while it runs, then a table or a document."""

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from alerts.documents import alert_documents, ticket_document
from billing import book_store
from billing.book import Book
from billing.database import reading
from flows import show
from flows.labels import read_labels
from flows.replay import Replay
from flows.replay import replay as steps
from flows.wiring import App


def replay(
    app: App, start: datetime, end: datetime, every: timedelta, labels: Path | None, *, as_json: bool
) -> dict[str, Any]:
    """Run it, print a table unless `as_json`, and return the contract's document. Raises InputError for bad labels."""
    known_labels = read_labels(labels) if labels else None
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Replaying", total=(end - start) // every + 1)
        for step in steps(app, start, end, every, known_labels):
            if isinstance(step, Replay):
                result = step
            else:
                progress.advance(task)
    with reading(app.engine) as connection:
        book = book_store.load(connection)
    if not as_json:
        _show(app, result, book, end)
    return {
        "alerts": alert_documents(result.alerts, app.queue(book, end)),
        "tickets": [ticket_document(ticket, result.deliveries, app.desk) for ticket in result.tickets],
        "score": asdict(result.score) if result.score else None,
    }


def _show(app: App, result: Replay, book: Book, end: datetime) -> None:
    console = show.out()
    alerts = app.queue(book, end).ordered(result.alerts)
    title = "What would have been raised"
    console.print(show.findings(alerts, result.tickets, book, app.rules.catalog, title))
    console.print(*show.tickets(result.tickets, book, app.phone), sep="\n")
    if result.score:
        for name, value in asdict(result.score).items():
            console.print(f"{name.replace('_', ' ')}: {'-' if value is None else round(value, 3)}")
