"""One ticket: how it stands, and what the vendor's desk said to it."""

import os
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from flows.arguments import HERE, AsJson, At, Workspace
from flows.commands.printed import clock, print_json, say, workspace_app


def an_amount(text: str) -> Decimal:
    """A plain decimal number."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not an amount: write 1234.50") from None


def ticket(
    ticket_id: str,
    answer: Annotated[
        str | None, typer.Argument(metavar="[acknowledged|granted|refused|called|missed|open]", show_default=False)
    ] = None,
    amount: Annotated[
        Decimal | None, typer.Option(parser=an_amount, metavar="N", help="Granted; default: all that was asked.")
    ] = None,
    currency: Annotated[str | None, typer.Option(metavar="C", help="Of the amount, where several were asked.")] = None,
    note: Annotated[str, typer.Option(help="Must be there for refused (the reason), called, missed and open.")] = "",
    proof: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Kept in the workspace.")] = None,
    workspace: Workspace = HERE,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """A ticket with its claims, clocks and thread; or record what the desk answered."""
    from alerts.answers import Said
    from billing import book_store
    from billing.database import reading
    from billing.errors import Fault, SettingsError
    from flows.answers import give, known
    from flows.answers import proof as read_proof

    if answer is None and (proof or note or amount is not None or currency is not None):
        what = "is missing: an amount, a note or a proof goes with one, such as `granted`"
        raise SettingsError([Fault("ticket", 0, "answer", what)])
    with workspace_app(workspace) as app:
        if answer is None:
            found = known(app, ticket_id)
        else:
            said = Said(answer, note, amount, currency and currency.upper())
            found = give(
                app, ticket_id, said, map(read_proof, proof or []), os.environ.get("USER", "reviewer"), clock(at)
            )
        with reading(app.engine) as connection:
            book = book_store.load(connection)
        zone, desk = app.settings.tickets.vendor_time_zone, app.desk
    if as_json:
        from alerts.documents import ticket_document

        print_json(ticket_document(found.ticket, found.deliveries, desk, found.answers))
    elif answer:
        say(f"{ticket_id} is {found.ticket.state}")
    else:
        from flows import show
        from flows.ticket_table import lines

        show.out().print(*lines(found, book, zone), sep="\n")
