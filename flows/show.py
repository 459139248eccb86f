"""What commands print for people: tables that fit a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.alert import Alert
from alerts.ticket import Ticket, amount
from billing.book import Book
from billing.catalog import Catalog
from billing.hours import iso
from billing.money import money_text
from billing.statement import Statement
from flows.cycle import Cycle


def out() -> Console:
    """Standard output, at most 120 columns wide."""
    console = Console(highlight=False)
    console.width = min(console.width, 120)
    return console


def when(at: datetime | None) -> str:
    """To the minute, in UTC: 09-28 15:00Z."""
    return at.strftime("%m-%d %H:%MZ") if at else "-"


def bill(statement: Statement, rows: Sequence[Mapping[str, Any]], by: str) -> list[Table | Text]:
    """The bill by line, org, customer or partner, its totals and what could not be billed."""
    title = f"{statement.month}, hours before {iso(statement.as_of)}, {statement.state}"
    hidden = {"partner_id", "rollup", "included", "fault", "committed_amount", "on_demand_amount"} if by == "line" else set()
    names = [name for name in (rows[0] if rows else {}) if name not in hidden]
    table = _table(title, names, right=("quantity", "on_demand_quantity", "amount", "usage", "hours_seen", "unpriced"))
    for row in rows:
        table.add_row(*(_cell(name, row[name]) for name in names))
    notes = [Text(f"total {t['partner_id']}: {Decimal(t['amount']):,} {t['currency']}") for t in statement.totals]
    notes += [Text(f"unpriced: {line.fault}", style="red") for line in statement.lines if line.fault]
    notes += [Text(f"unassigned org {r['org_id']}: {r['rows']} rows", style="red") for r in statement.unassigned]
    notes += [
        Text(f"unknown product {r['product_family']}.{r['usage_type']}: {r['rows']} rows", style="red")
        for r in statement.unknown_products
    ]
    notes += [
        Text(f"no contract covers {r['hours']} hours of {r['meter']} of {r['customer_id']}", style="red")
        for r in statement.uncontracted
    ]
    return [table, *notes]


def alerts(found: Iterable[Alert], book: Book, catalog: Catalog, title: str = "Alerts") -> Table:
    """Loud ones first, dearest first."""
    table = _table(title, ["alert", "customer", "org", "meter", "kind", "since", "hours", "stake", "state"], right=("hours", "stake"))
    for alert in sorted(found, key=_by_money):
        customer = book.customers.get(alert.customer_id)
        table.add_row(
            alert.alert_id,
            customer.name if customer else alert.customer_id,
            alert.org_id,
            catalog.meters[alert.meter].name if alert.meter in catalog.meters else alert.meter,
            alert.kind,
            when(alert.started_at),
            str(len(alert.hours)),
            _stake(alert),
            f"{alert.state}{' (quiet)' if alert.quiet else ''}{_free(alert)}",
            style="dim" if alert.quiet or not alert.live else "",
        )
    return table


def tickets(found: Iterable[Ticket], book: Book, title: str = "Tickets") -> Table:
    """By deadline."""
    names = ["ticket", "customer", "month", "kind", "state", "claims", "amount", "claim by", "last e-mail", "call"]
    table = _table(title, names, right=("claims", "amount"))
    for ticket in sorted(found, key=lambda t: (t.deadline_at is None, t.deadline_at, t.ticket_id)):
        customer = book.customers.get(ticket.customer_id)
        currency = ticket.claims[0].currency if ticket.claims else ""
        call = f"{when(ticket.call_from)} to {when(ticket.call_by or ticket.deadline_at)}" if ticket.call_from else "-"
        table.add_row(
            ticket.ticket_id,
            customer.name if customer else ticket.customer_id,
            str(ticket.month),
            ticket.kind,
            ticket.state,
            str(len(ticket.claims)),
            money_text(amount(ticket.claims), currency) if currency else "-",
            when(ticket.deadline_at),
            when(ticket.latest_email_at),
            call if ticket.call_after_email else "-",
        )
    return table


def cycle(done: Cycle) -> Text:
    """A cycle in one line."""
    return Text(
        f"{iso(done.at)}: {done.rows_changed} usage rows changed, {done.raised} alerts raised, {done.open_alerts} open, "
        f"{done.letters} letters, {len(done.digests)} digests, {done.delivered} delivered"
    )


def _table(title: str, names: Sequence[str], right: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right" if name in right else "left", overflow="fold")
    return table


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "unpriced"
    is_number = name in ("quantity", "on_demand_quantity", "amount", "usage")
    return f"{Decimal(value):,f}" if is_number else str(value)


def _by_money(alert: Alert) -> tuple[bool, bool, Decimal, str]:
    worth = max((stake.amount for stake in alert.stakes), default=Decimal(0))
    return (not alert.live, alert.quiet, -worth, alert.alert_id)


def _stake(alert: Alert) -> str:
    return money_text(alert.stake.amount, alert.stake.currency) if alert.stake else "-"


def _free(alert: Alert) -> str:
    return f", {alert.free_hours_left} free h left" if alert.free_hours_left else ""
