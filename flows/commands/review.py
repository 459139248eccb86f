"""What was found, what is claimed, and what partners are told."""

import os
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import Fault, SettingsError
from flows.arguments import HERE, AsJson, At, Workspace
from flows.commands.printed import clock, print_json, workspace_app


def alerts(workspace: Workspace = HERE, at: At = None, as_json: AsJson = False) -> None:
    """Every alert; the table is in the order of the queue at --at, or at the last cycle."""
    from alerts import store
    from billing import book_store
    from billing.database import reading
    from flows.audit import concerns

    with workspace_app(workspace) as app:
        with reading(app.engine) as connection:
            found, held, mark = store.alerts(connection), book_store.load(connection), store.judged(connection)
        queue = app.queue(held, at or (mark.upto if mark else clock(at)))
        if as_json:
            from flows.documents import alert_documents

            print_json(alert_documents(found, queue))
        else:
            from flows import show
            from flows.seen import false_alarms

            show.out().print(*show.alerts(queue.ordered(found), held, app.rules.catalog), sep="\n")
            for sentence in false_alarms(app, held, found, mark, queue.at):
                typer.echo(sentence)
        for concern in concerns(app, queue.at, queue.at):
            typer.echo(f"needs a person: {concern}", err=True)


def alert(
    alert_id: str,
    verdict: Annotated[str, typer.Argument(metavar="confirm|dismiss|planned|vendor-fault")],
    note: str = "",
    workspace: Workspace = HERE,
    at: At = None,
) -> None:
    """A reviewer's verdict. It takes effect with the next cycle."""
    from flows.verdicts import give

    with workspace_app(workspace) as app:
        decided = give(app, alert_id, verdict, os.environ.get("USER", "reviewer"), note, clock(at))
    typer.echo(f"{alert_id} is {decided.state}")


def tickets(workspace: Workspace = HERE, as_json: AsJson = False) -> None:
    """Every ticket with its claims, clocks and deliveries."""
    from alerts import outbox, store
    from billing import book_store
    from billing.database import reading

    with workspace_app(workspace) as app, reading(app.engine) as connection:
        found, sent, held = store.tickets(connection), outbox.all_deliveries(connection), book_store.load(connection)
    if as_json:
        from flows.documents import ticket_document

        print_json([ticket_document(ticket, sent) for ticket in found])
    else:
        from flows import show

        show.out().print(*show.tickets(found, held), sep="\n")
        for delivery in sent:
            if delivery.ticket_id and delivery.error:
                typer.echo(f"{delivery.ticket_id} {delivery.state}: {delivery.error}")
            if delivery.ticket_id and delivery.maybe_twice:
                typer.echo(f"{delivery.ticket_id} {delivery.key}: may have arrived twice, under one Message-ID")


def digest(
    workspace: Workspace = HERE,
    partner: Annotated[str | None, typer.Option(metavar="PARTNER_ID")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR")] = Path("digests"),
    at: At = None,
) -> None:
    """The digest that would be sent at --at, as .eml and .html files under --out. Nothing is sent."""
    from flows.digests import digests
    from flows.workspace import write_letters

    with workspace_app(workspace) as app:
        letters = digests(app, clock(at), partner)
        if not letters:
            what = f"{partner!r} is no partner with an address" if partner else "no partner of the book has an address"
            raise SettingsError([Fault("digest", 0, "--partner", what)])
        for path in write_letters(letters, out):
            typer.echo(path)
