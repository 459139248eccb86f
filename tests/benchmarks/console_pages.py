"""The addresses of the console and its API that are timed: every GET page, and those that differ in what they cost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from sqlalchemy import func, select

from alerts import tables
from alerts.console.assets import static
from alerts.listing import Wanted, listed
from billing.database import reading
from flows.wiring import App
from tests.benchmarks.full_house import NOW

FLOOR = "floor: a picture of 255 bytes"
QUEUE, ALERT = "queue", "alert"
SOME = 40
A, T, D = tables.alerts.c, tables.tickets.c, tables.deliveries.c


@dataclass(frozen=True)
class Page:
    """paths: of each time that it is asked for, from the start again when there are no more. slow: it is asked for a
    few times alone. token: it is the API's."""

    name: str
    paths: Sequence[str]
    slow: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def api(self) -> bool:
        return self.paths[0].startswith(("/api/", "/metrics"))


def pages(app: App) -> list[Page]:
    """Those of a full house."""
    with reading(app.engine) as connection:

        def first(column: object, *where: object, order: object = None, most: int = SOME) -> list[str]:
            query = select(column).where(*where).order_by(column if order is None else order).limit(most)  # type: ignore
            return [str(one) for one in connection.scalars(query)]

        queued = [one.alert_id for one in listed(connection, Wanted(), NOW, SOME)]
        places = connection.scalar(select(func.max(A.place)).where(A.place < tables.LAST)) or 1
        deep = first(A.alert_id, A.place >= places // 2, A.place < tables.LAST, order=A.place, most=1)[0]
        old = first(A.alert_id, A.state == "over", order=A.last_hour, most=1)[0]
        tickets = first(T.ticket_id, T.month == "2026-11", T.state == "acknowledged")
        letters = connection.execute(select(D.ticket_id, D.key).order_by(D.key).limit(SOME)).all()
        middle = first(A.alert_id, order=A.alert_id, most=1)[0]
        granted = first(T.ticket_id, T.state == "granted", T.month == "2026-10", order=T.ticket_id, most=30)[-1]
    customers, partners = [f"/customers/c{n}" for n in range(SOME)], [f"/partners/p{n}" for n in range(20)]
    part = {"HX-Request": "true"}
    each: Callable[[str, Sequence[str]], list[str]] = lambda pattern, ids: [pattern.format(quote(one)) for one in ids]  # noqa: E731
    return [
        Page(FLOOR, [static("mark.svg")]),
        Page(QUEUE, ["/"]),
        Page("queue, its list alone", ["/"], headers=part),
        Page("queue, half way down", [f"/?after={deep}"]),
        Page("queue, of a partner", [f"/?partner=p{n}" for n in range(20)]),
        Page("queue, of a customer", [f"/?customer=c{n}" for n in range(SOME)]),
        Page("queue, of a meter", ["/?meter=rum_session", "/?meter=dbm_host"]),
        Page("queue, of a meter nobody has", ["/?meter=ci_committer"]),
        Page("queue, search that finds", [f"/?q=customer+{n}" for n in range(100, 100 + SOME)]),
        Page("queue, search that finds nothing", [f"/?q=nobody{n}" for n in range(SOME)]),
        Page("queue, search of an alert's id", each("/?q={}", queued)),
        Page("queue, mine", ["/?mine=yes"]),
        *(Page(f"list, {state}", [f"/?state={state}"]) for state in ("confirmed", "snoozed", "quiet", "withdrawn")),
        Page("list, confirmed and mine", ["/?state=confirmed&mine=yes"]),
        Page("list, all", ["/?state=all"]),
        Page("list, all, near its end", [f"/?state=all&after={old}"]),
        Page("list, all, search that finds nothing", [f"/?state=all&q=nobody{n}" for n in range(SOME)]),
        Page("line", ["/line"]),
        Page(ALERT, each("/alerts/{}", queued)),
        Page("alert, a quarter of it", each("/alerts/{}?zoom=quarter", queued)),
        Page("alert, its picture alone", each("/alerts/{}", queued), headers=part | {"HX-Target": "hours"}),
        Page("alert, its hours as CSV", each("/alerts/{}/hours.csv", queued)),
        Page("letter to be sent", each("/alerts/{}/letter", queued), slow=True),
        Page("letter to be sent, the mail", each("/alerts/{}/letter/body", queued), slow=True),
        Page("tickets", ["/tickets"]),
        Page("tickets, in a state", ["/tickets?state=granted&month=2026-10"]),
        Page("tickets, of a partner", [f"/tickets?partner=p{n}" for n in range(20)]),
        Page("ticket", each("/tickets/{}", tickets)),
        Page("letter that was sent", [f"/tickets/{one}/letters/{key}" for one, key in letters]),
        Page("recovery", ["/tickets/recovery"]),
        Page("recovery, CSV", ["/tickets/recovery.csv"]),
        Page("customers", ["/customers"]),
        Page("customers, search", [f"/customers?q={n}" for n in range(SOME)]),
        Page("customer", customers),
        Page("customer, its month", [f"{one}?month=1" for one in customers], slow=True),
        Page("partner", partners),
        Page("partner, its month", [f"{one}?month=1" for one in partners], slow=True),
        Page("digest", [f"/digests/p{n}" for n in range(20)]),
        Page("digest, the mail", [f"/digest-mails/p{n}" for n in range(20)], slow=True),
        Page("runs", ["/runs"]),
        Page("runs, orgs further down", ["/runs?first=400"]),
        Page("health", ["/healthz"]),
        Page("metrics", ["/metrics"]),
        Page("API, alerts", ["/api/v1/alerts", f"/api/v1/alerts?after={middle}"]),
        Page("API, alerts of a state and a partner", ["/api/v1/alerts?state=confirmed&partner_id=p3"]),
        Page("API, alert", each("/api/v1/alerts/{}", queued)),
        Page("API, alert's history", each("/api/v1/alerts/{}/history", queued)),
        Page("API, tickets", ["/api/v1/tickets", f"/api/v1/tickets?after={granted}"]),
        Page("API, ticket", each("/api/v1/tickets/{}", tickets)),
        Page("API, ticket's letter", each("/api/v1/tickets/{}/letter", tickets), slow=True),
        Page("API, customers", ["/api/v1/customers"]),
        Page("API, bill", ["/api/v1/bills/2026-11"], slow=True),
        Page("API, runs", ["/api/v1/runs"]),
    ]
