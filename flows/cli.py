"""The `floodmark` command. Exit codes: 0 done; 1 input at fault; 2 settings or usage; 3 the outside world failed."""

import sys

import typer

from alerts.visible import visible
from billing.errors import FloodmarkError, WorldError
from flows.commands.audit import audit, retry
from flows.commands.backtest import backtest, backtest_bill
from flows.commands.bill import bill
from flows.commands.console import console
from flows.commands.export import focus
from flows.commands.journal import journal
from flows.commands.margin import margin
from flows.commands.reconcile import reconcile
from flows.commands.review import alert, alerts, digest, tickets
from flows.commands.ticket import ticket
from flows.commands.token import token_list, token_new, token_revoke
from flows.commands.usage import book_load, ingest_datadog, ingest_files
from flows.commands.watch import replay, run, schedule
from flows.commands.workspace import check, demo, init

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
book = typer.Typer(no_args_is_help=True, help="The book: who, and on what terms.")
ingest = typer.Typer(no_args_is_help=True, help="Usage into the lake.")
export = typer.Typer(no_args_is_help=True, help="The bill for other programs.")
token = typer.Typer(no_args_is_help=True, help="Who may ask the console's API.")
backtests = typer.Typer(invoke_without_command=True)
cli.add_typer(book, name="book")
cli.add_typer(ingest, name="ingest")
cli.add_typer(export, name="export")
cli.add_typer(token, name="token")
cli.add_typer(backtests, name="backtest")

watching = (run, replay, audit, retry, schedule)
review = (alerts, alert, tickets, ticket, journal, digest, console)
for command in (demo, init, check, bill, margin, reconcile, *watching, *review):
    cli.command()(command)
backtests.callback()(backtest)
backtests.command("bill")(backtest_bill)
book.command("load")(book_load)
ingest.command("files")(ingest_files)
ingest.command("datadog")(ingest_datadog)
export.command()(focus)
for name, run_token in (("new", token_new), ("list", token_list), ("revoke", token_revoke)):
    token.command(name)(run_token)


def main() -> None:
    """Run the command; an error becomes its sentence on stderr and its exit code."""
    try:
        cli()
    except FloodmarkError as error:
        sys.stderr.write(visible(f"{error}\n"))
        sys.exit(error.exit_code)
    except OSError as error:
        sys.stderr.write(visible(f"{error}\n"))
        sys.exit(WorldError.exit_code)
