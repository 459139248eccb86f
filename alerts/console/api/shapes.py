"""The documents of the API as types, from which its OpenAPI document is made. Their meaning stands in the README."""

from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, StringConstraints

from alerts.alert import VERDICTS
from alerts.answers import WORDS

Text = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00]*$")]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
ById = Annotated[Id, Path()]
Named = Annotated[Id | None, Query()]
After = Annotated[Id | None, Query(description="The `next` of the page before.")]
Most = Annotated[int, Query(ge=1, le=200, description="Of one page.")]
Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


class Money(BaseModel):
    amount: str
    currency: str


class Stake(Money):
    month: str


class Ahead(Money):
    hours: int


class AlertDocument(BaseModel):
    alert_id: str
    partner_id: str
    customer_id: str
    org_id: str
    meter: str
    kind: str
    state: str
    quiet: bool
    started_at: str
    detected_at: str
    last_hour: str
    expected: str
    actual: str
    stake: Stake | None
    stakes: list[Stake]
    free_hours_left: int | None
    reasons: list[str]
    stake_low: str | None
    next_cost: Ahead | None
    provisional: int
    queue: int | None
    waiting: bool
    snoozed_until: str | None
    above: str | None
    below: list[str]
    together: list[Money]


class Moved(BaseModel):
    """A change of an alert or a ticket."""

    at: str
    was: str
    now: str
    who: str
    why: str


class TicketDocument(BaseModel):
    ticket_id: str
    partner_id: str
    customer_id: str
    month: str
    kind: str
    state: str
    opened_at: str | None
    deadline_at: str | None
    expires_at: str | None
    latest_email_at: str | None
    call_after_email: bool
    call_from: str | None
    call_by: str | None
    next_call_from: str | None
    next_call_by: str | None
    claims: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]
    granted: list[Money]
    unanswered: list[Money]
    contact_proven: bool
    contact_proof: str | None
    answers: list[dict[str, Any]]
    desk_calendar: str


class Written(BaseModel):
    """What somebody wrote for a letter; words null for the generated ones."""

    at: str
    who: str
    words: str | None


class LetterDocument(BaseModel):
    """A ticket's next letter. words: what it says above its tables; generated: what it says by itself. owed: it goes
    out once its claims are confirmed. version: of these words and of the claims that they are about."""

    ticket_id: str
    letter: int
    to: list[str]
    subject: str
    text: str
    words: str
    generated: str
    written: list[Written]
    owed: bool
    version: str


class BillDocument(BaseModel):
    month: str
    as_of: str
    state: Literal["estimate", "final"]
    lines: list[dict[str, Any]]
    totals: list[dict[str, str]]
    unassigned: list[dict[str, Any]]
    unknown_products: list[dict[str, Any]]
    uncontracted: list[dict[str, Any]]


class OrgDocument(BaseModel):
    org_id: str
    name: str


class ContractDocument(BaseModel):
    contract_id: str
    plan: str
    start: str
    end: str | None
    currency: str


class CustomerDocument(BaseModel):
    customer_id: str
    partner_id: str
    name: str
    employees: int | None
    deal: str
    orgs: list[OrgDocument]
    contracts: list[ContractDocument]


class RunDocument(BaseModel):
    """The cycles of one hour: what they did, and how things stood after them."""

    at: str
    rows_changed: int
    rows_refused: int
    raised: int
    letters: int
    delivered: int
    mails: int
    replies: int
    open_alerts: int
    skipped_series: int
    judged_upto: str | None
    failures: list[str]
    concerns: list[str]


class AlertPage(BaseModel):
    alerts: list[AlertDocument]
    next: str | None


class TicketPage(BaseModel):
    tickets: list[TicketDocument]
    next: str | None


class CustomerPage(BaseModel):
    customers: list[CustomerDocument]
    next: str | None


class RunPage(BaseModel):
    runs: list[RunDocument]
    next: str | None


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Verdict(_Said):
    """A reviewer's verdict. below: it holds for the alerts below this one too."""

    verdict: Literal[tuple(VERDICTS)]  # type: ignore[valid-type]
    note: Text = ""
    below: bool = False


class Said(_Said):
    """What the vendor's desk answered. amount and currency go with a grant; without them it is all that was asked."""

    what: Literal[WORDS]  # type: ignore[valid-type]
    note: Text = ""
    amount: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?$")] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None


class Words(_Said):
    """The words of a letter; null puts the generated ones back. version: of the letter that they are written for."""

    words: Text | None
    version: Id
