"""What was found, what is claimed, and what partners are told."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from billing.errors import Fault, SettingsError
from billing.hours import iso
from flows.arguments import HERE, AsJson, At, Workspace, a_time
from flows.commands.printed import clock, print_json, say, workspace_app


def alerts(workspace: Workspace = HERE, at: At = None, as_json: AsJson = False) -> None:
    """Every alert; the table is in the order of the queue at --at, or at the last cycle."""
    from alerts import store
    from alerts.snooze import awake
    from billing import book_store
    from billing.database import reading
    from flows.audit import concerns

    with workspace_app(workspace) as app:
        with reading(app.engine) as connection:
            found, held, mark = store.alerts(connection), book_store.load(connection), store.judged(connection)
        queue = app.queue(held, at or (mark.upto if mark else clock(at)))
        found = awake(found, queue.at)
        if as_json:
            from alerts.documents import alert_documents

            print_json(alert_documents(found, queue))
        else:
            from flows import show
            from flows.seen import false_alarms

            show.out().print(*show.alerts(queue.ordered(found), held, app.rules.catalog), sep="\n")
            for sentence in false_alarms(app, held, found, mark, queue.at):
                say(sentence)
        for concern in concerns(app, queue.at, queue.at):
            say(f"needs a person: {concern}", err=True)


def alert(
    alert_id: str,
    verdict: Annotated[str, typer.Argument(metavar="confirm|dismiss|planned|vendor-fault|snooze|wake")],
    note: str = "",
    until: Annotated[
        datetime | None, typer.Option("--until", parser=a_time, metavar="TIME", help="When a snooze ends.")
    ] = None,
    below: Annotated[bool, typer.Option("--below", help="Also for all alerts below this one.")] = False,
    workspace: Workspace = HERE,
    at: At = None,
) -> None:
    """A reviewer's verdict, or a snooze. It takes effect with the next cycle."""
    from flows.verdicts import give, put_off

    if (verdict == "snooze") != (until is not None):
        raise typer.BadParameter("`snooze` and --until go together")
    who = os.environ.get("USER", "reviewer")
    with workspace_app(workspace) as app:
        if verdict in ("snooze", "wake"):
            decided = put_off(app, alert_id, until, who, note, clock(at), below=below)
        else:
            decided = give(app, alert_id, verdict, who, note, clock(at), below=below)
    for one in decided:
        snoozed = f", snoozed until {iso(one.snoozed_until)}" if one.snoozed_until else ""
        say(f"{one.alert_id} is {one.state}{snoozed}")


def tickets(workspace: Workspace = HERE, as_json: AsJson = False) -> None:
    """Every ticket with its claims, clocks and deliveries."""
    from alerts import outbox, store
    from alerts.answer_store import all_answers
    from billing import book_store
    from billing.database import reading

    with workspace_app(workspace) as app, reading(app.engine) as connection:
        found, sent, held = store.tickets(connection), outbox.all_deliveries(connection), book_store.load(connection)
        said = all_answers(connection)
    if as_json:
        from alerts.documents import ticket_document

        print_json([ticket_document(ticket, sent, app.desk, said.get(ticket.ticket_id, ())) for ticket in found])
    else:
        from alerts.answers import proof_of_contact
        from flows import show
        from flows.ticket_table import contact, desk_numbers

        show.out().print(*show.tickets(found, held, app.phone), sep="\n")
        for delivery in sent:
            if delivery.ticket_id and delivery.error:
                say(f"{delivery.ticket_id} {delivery.state}: {delivery.error}")
            if delivery.ticket_id and delivery.maybe_twice:
                say(f"{delivery.ticket_id} {delivery.key}: may have arrived twice, under one Message-ID")
        for ticket in found:
            mine = [one for one in sent if one.ticket_id == ticket.ticket_id]
            proof = proof_of_contact(said.get(ticket.ticket_id, ()), desk_numbers(mine))
            if proof or ticket.state == "sent":
                say(f"{ticket.ticket_id} {contact(proof)}")


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
            say(path)
