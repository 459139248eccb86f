"""What commands print for people: tables that fit a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from alerts.alert import Alert
from alerts.grouping import below, together
from alerts.languages.en import ENGLISH
from alerts.phone import WAITS, Phone
from alerts.queue import waiting
from alerts.ticket import Ticket, asked
from billing.book import Book
from billing.catalog import Catalog
from billing.hours import iso
from billing.money import money_text
from billing.statement import Statement
from flows.cycle import Cycle
from flows.terminal import Terminal

NUMBERS = ("quantity", "on_demand_quantity", "amount", "usage", "unpriced", "from", "to")
MOST = 12  # faults of a kind that are printed
BILL_COLUMNS = {
    "line": ("contract_id", "meter", "quantity", "amount", "currency"),
    "org": ("customer_id", "org_id", "meter", "amount", "currency"),
    "customer": ("partner_id", "customer_id", "amount", "currency", "unpriced"),
    "partner": ("partner_id", "amount", "currency", "unpriced"),
}
BILL_WIDTHS = {
    "partner_id": 11,
    "customer_id": 11,
    "org_id": 14,
    "contract_id": 16,
    "meter": 21,
    "quantity": 20,
    "amount": 14,
    "currency": 3,
    "unpriced": 8,
}


def out() -> Terminal:
    """Standard output, at most 120 columns wide."""
    console = Terminal()
    console.width = min(console.width, 120)
    return console


def when(at: datetime | None) -> str:
    """In UTC, to the hour where it is a whole one: 09-28 15Z."""
    if at is None:
        return "-"
    return at.strftime("%m-%d %H:%MZ" if at.minute else "%m-%d %HZ")


def bill(statement: Statement, rows: Sequence[Mapping[str, Any]], by: str) -> list[Table | Text]:
    """The bill by line, org, customer or partner, its totals and what could not be billed."""
    title = f"{statement.month}, hours before {iso(statement.as_of)}, {statement.state}"
    if not rows:
        return [Text(f"{title}: no usage and no terms to bill")]
    widths = {name: BILL_WIDTHS[name] for name in BILL_COLUMNS[by]}
    table = money_table(title, [(name, width if name in NUMBERS else -width) for name, width in widths.items()])
    for row in rows:
        table.add_row(*(_cell(name, row[name]) for name in widths))
    notes = [Text(f"total {t['partner_id']}: {Decimal(t['amount']):,} {t['currency']}") for t in statement.totals]
    silent = sum(line.hours_seen < line.hours_expected for line in statement.lines)
    if silent:
        notes.append(
            Text(f"{silent} lines have hours of which nothing was said; they count as 0 (hours_seen in --json)")
        )
    notes += _some([line.fault for line in statement.lines if line.fault])
    notes += _some([f"unassigned org {r['org_id']}: {r['rows']} rows" for r in statement.unassigned])
    notes += _some(
        [
            f"unknown product {r['product_family']}.{r['usage_type']}: {r['rows']} rows"
            for r in statement.unknown_products
        ]
    )
    notes += _some(
        [f"no contract covers {r['hours']} hours of {r['meter']} of {r['customer_id']}" for r in statement.uncontracted]
    )
    return [table, *notes]


def _some(faults: Sequence[str]) -> list[Text]:
    """The first of them in red, and how many more there are."""
    return _first(faults, "like it (all of them in --json)", "red")


def _first(notes: Sequence[str], what: str, style: str = "") -> list[Text]:
    more = [f"and {len(notes) - MOST} more {what}"] if len(notes) > MOST else []
    return [Text(note, style=style) for note in [*notes[:MOST], *more]]


def alerts(found: Iterable[Alert], book: Book, catalog: Catalog) -> list[Table | Text]:
    """In the order of the queue, with the id that a verdict asks for; what is still to come of them below."""
    columns = [("alert", 15), ("customer", -11), ("meter", -12), ("since", 9), ("h", 3), ("worth", 13), ("state", -10)]
    table = money_table("Alerts", columns)
    notes, found = list[str](), list(found)
    under, there = below(found), {alert.alert_id for alert in found}
    for alert in found:
        notes += _on_top(alert, under.get(alert.alert_id, ()))
        notes += [f"{alert.alert_id}: {note}" for note in ENGLISH.notes(alert) if not alert.quiet or alert.next_cost]
        cells = (when(alert.started_at), str(len(alert.hours)), _stake(alert), _state(alert))
        table.add_row(
            alert.alert_id,
            f"{'- ' if alert.above in there else ''}{_customer(alert.customer_id, book)}",
            _meter(alert, catalog),
            *cells,
            style=_style(alert),
        )
    return [table, *_first(notes, "(all of them in --json)")]


def _on_top(alert: Alert, under: Sequence[Alert]) -> list[str]:
    if not under:
        return []
    sums = " + ".join(money_text(amount, currency) for currency, amount in together([alert, *under]).items())
    return [f"{alert.alert_id}: on top of {len(under)} that jumped with it (-): together {sums}"]


def findings(found: Iterable[Alert], tickets: Sequence[Ticket], book: Book, catalog: Catalog, title: str) -> Table:
    """What was found, in the order it is given, what it is worth, and by when it must be claimed."""
    columns = [
        ("customer", -11),
        ("product", -16),
        ("since", 9),
        ("h", 3),
        ("worth", 13),
        ("claim by", 9),
        ("state", -12),
    ]
    deadlines = {claim.alert_id: when(ticket.deadline_at) for ticket in tickets for claim in ticket.claims}
    table = money_table(title, columns)
    for alert in found:
        cells = (
            when(alert.started_at),
            str(len(alert.hours)),
            _stake(alert),
            deadlines.get(alert.alert_id, "-"),
            _state(alert),
        )
        table.add_row(_customer(alert.customer_id, book), _meter(alert, catalog), *cells, style=_style(alert))
    return table


def tickets(found: Iterable[Ticket], book: Book, phone: Phone, title: str = "Tickets") -> list[Table | Text]:
    """By deadline, then the desk's calendar and whom to call; those that never opened and owe nothing are left out."""
    columns = [("ticket", 15), ("customer", -16), ("kind", 12), ("state", 9), ("amount", 13), ("claim by", 9)]
    table = money_table(title, columns)
    shown = [ticket for ticket in found if ticket.opened_at or ticket.state != "withdrawn"]
    for ticket in sorted(shown, key=lambda t: (t.deadline_at is None, t.deadline_at, t.ticket_id)):
        table.add_row(
            ticket.ticket_id,
            _customer(ticket.customer_id, book),
            ticket.kind,
            ticket.state,
            ", ".join(money_text(amount, currency) for currency, amount in asked(ticket.claims).items()) or "-",
            when(ticket.deadline_at),
        )
    calls = [
        Text(line, style="" if n else "bold")
        for ticket in shown
        if ticket.customer_id in book.customers
        for n, line in enumerate(phone.task(ticket, book))
    ]
    return [table, Text(f"Desk: {phone.calendar}"), *_deadlines(shown, book, phone.zone), *calls]


def _deadlines(tickets: Iterable[Ticket], book: Book, vendor_zone: ZoneInfo) -> list[Text]:
    """The deadlines of what is not answered, on the vendor's and the partners' clocks."""
    notes = {
        f"{when(t.deadline_at)}: {ENGLISH.moments(t.deadline_at, vendor_zone, ZoneInfo(partner.time_zone), UTC)}": None
        for t in tickets
        if t.deadline_at and t.state in ("draft", *WAITS) and t.customer_id in book.customers
        for partner in [book.partner_of(t.customer_id)]
    }
    return _first(list(notes), "deadlines")


def cycle(done: Cycle) -> Text:
    """A cycle in one line."""
    refused = f" ({done.rows_refused} refused: see the quarantine table)" if done.rows_refused else ""
    mails = f", {done.mails} mails read ({done.replies} about a ticket)" if done.mails else ""
    past = ""
    if done.judged_upto and done.judged_upto > done.at:
        past = (
            f"\nNothing was judged: a cycle has been run for {iso(done.judged_upto)} already (see `floodmark replay`)"
        )
    return Text(
        f"{iso(done.at)}: {done.rows_changed} usage rows changed{refused}, {done.raised} alerts raised, "
        f"{done.open_alerts} open, {done.letters} letters, {len(done.digests)} digests, "
        f"{done.delivered} delivered{mails}{past}"
    )


def money_table(title: str, columns: Sequence[tuple[str, int]]) -> Table:
    """Columns of a width each; a negative one grows where there is more than 80."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        header_style="bold",
    )
    growing = sum(width < 0 for _, width in columns)
    more = max(0, out().width - 80) // growing if growing else 0
    for name, width in columns:
        wide = abs(width) + (more if width < 0 else 0)
        right = "right" if name in ("h", "worth", *NUMBERS) else "left"
        heading = {"currency": ""}.get(name, name.removesuffix("_id"))
        table.add_column(heading, justify=right, width=wide, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    return table


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "unpriced"
    return f"{Decimal(value):,f}" if name in NUMBERS else str(value)


def _stake(alert: Alert) -> str:
    return money_text(alert.stake.amount, alert.stake.currency) if alert.stake else "-"


def _customer(customer_id: str, book: Book) -> str:
    customer = book.customers.get(customer_id)
    return customer.name if customer else customer_id


def _meter(alert: Alert, catalog: Catalog) -> str:
    return catalog.meters[alert.meter].name if alert.meter in catalog.meters else alert.meter


def _state(alert: Alert) -> str:
    if alert.free_hours_left and alert.live:
        return f"{alert.free_hours_left}h free left"
    if alert.snoozed_until:
        return f"until {when(alert.snoozed_until)}"
    if waiting(alert):
        return "waiting"
    return f"{alert.state}{' quiet' if alert.quiet else ''}"


def _style(alert: Alert) -> str:
    return "dim" if alert.quiet or not alert.live else ""
