"""What the vendor's side said to a ticket, and what that makes of it. Pure.

An answer is a person's act. What a mail brought is noted too, and proves that the desk was reached; it grants nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from alerts.ticket import ANSWERED, Ticket, asked
from billing.errors import Fault, SettingsError
from billing.money import minor_digits, money_text, plain, round_money

CALLED = "called"  # somebody of the desk was spoken to
MISSED = "missed"  # the desk was called and nobody was reached
BACK = "open"  # takes back what was answered
WORDS = (*ANSWERED, CALLED, MISSED, BACK)
NEED_A_NOTE = {
    "refused": "the reason",
    CALLED: "what was said",
    MISSED: "whom you tried to reach",
    BACK: "why the answer is taken back",
}
UNANSWERABLE = {
    "draft": "it was not sent to anybody yet",
    "withdrawn": "nothing is claimed by it any more",
}

Money = Mapping[str, Decimal]  # by currency


@dataclass(frozen=True)
class Proof:
    """A file that was kept: its own name, its SHA-256, its path in the workspace."""

    name: str
    sha256: str
    path: str

    @property
    def line(self) -> str:
        """For the journal, which seals the file with the answer."""
        return f"proof {self.name} sha256 {self.sha256}"


@dataclass(frozen=True)
class Said:
    """What a person says that the desk said. `amount` and `currency` go with a grant; None: all that was asked."""

    what: str
    note: str = ""
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Answer:
    """One of them, as it is kept. `asked`: what the ticket stated then; `granted`: what stands granted since."""

    ticket_id: str
    at: datetime
    what: str  # a word of WORDS; of a mail: replied, auto-replied or delivered
    who: str
    note: str
    asked: Money
    granted: Money
    proofs: tuple[Proof, ...] = ()


def stated(ticket: Ticket) -> dict[str, Decimal]:
    """What the ticket asks for in its last letter, rounded as it says it; by its claims where none was written."""
    sums = asked(ticket.told or ticket.claims)
    return {currency: round_money(amount, currency) for currency, amount in sums.items()}


def granted(answers: Sequence[Answer]) -> Money:
    """What stands granted after these, oldest first."""
    return answers[-1].granted if answers else {}


def unanswered(ticket: Ticket, answers: Sequence[Answer]) -> dict[str, Decimal]:
    """What a granted or refused ticket asks for beyond what it asked for when it was answered."""
    last = next((one for one in reversed(answers) if one.what in ("granted", "refused")), None)
    if last is None or ticket.state not in ("granted", "refused"):
        return {}
    more = {currency: amount - last.asked.get(currency, Decimal(0)) for currency, amount in stated(ticket).items()}
    return {currency: amount for currency, amount in more.items() if amount > 0}


def answered(
    ticket: Ticket, said: Said, before: Sequence[Answer], was_sent: bool, who: str, at: datetime
) -> tuple[str, Answer]:
    """The ticket's state after the answer, and the answer. A later one corrects an earlier one.

    `before`: its answers so far, oldest first. `was_sent`: a letter of it has reached the desk's server. Raises
    SettingsError with every fault.
    """
    faults = [*_faults(ticket, said)]
    grant: Money = granted(before)
    if not faults and said.what == "granted":
        grant, faults = _granted(ticket, said, grant)
    if faults:
        raise SettingsError([Fault(ticket.ticket_id, 0, column, what) for column, what in faults])
    if said.what not in ("granted", CALLED, MISSED):
        grant = {}
    state = {CALLED: heard(ticket.state), MISSED: ticket.state, BACK: "sent" if was_sent else "open"}.get(
        said.what, said.what
    )
    return state, Answer(ticket.ticket_id, at, said.what, who, said.note, stated(ticket), grant)


def heard(state: str) -> str:
    """The state of a ticket of which the desk has heard, by mail or by telephone: one that waited is acknowledged."""
    return "acknowledged" if state in ("open", "sent") else state


def proof_of_contact(answers: Sequence[Answer], desk_numbers: Sequence[str]) -> str:
    """What proves that a person or a machine of the desk has the ticket; empty where nothing does.

    A mail server that took a letter is none: it is `sent`. `desk_numbers`: what the desk calls the ticket. An answer
    that was taken back proves nothing; a mail or a call before it does.
    """
    if desk_numbers:
        return f"the desk's ticket {desk_numbers[0]}"
    taken_back = max((n for n, one in enumerate(answers) if one.what == BACK), default=-1)
    stand = [one for n, one in enumerate(answers) if n > taken_back or one.what not in ANSWERED]
    proving = [one for one in stand if one.what not in (BACK, MISSED)]
    return f"{proving[0].what} ({proving[0].who})" if proving else ""


def _faults(ticket: Ticket, said: Said) -> list[tuple[str, str]]:
    """What is wrong with it whatever was asked, as (argument, sentence)."""
    if said.what not in WORDS:
        return [("answer", f"{said.what!r} is no answer: write {', '.join(WORDS)}")]
    found = []
    if ticket.state in UNANSWERABLE:
        found.append(("answer", f"a {ticket.state} ticket has no answer: {UNANSWERABLE[ticket.state]}"))
    elif said.what == BACK and ticket.state not in ANSWERED:
        found.append(("answer", f"the ticket is {ticket.state}: there is no answer to take back"))
    corrects = said.what == "acknowledged" and ticket.state in ("granted", "refused")
    needed = NEED_A_NOTE.get(said.what) or (f"why it is not {ticket.state} after all" if corrects else "")
    if needed and not said.note.strip():
        found.append(("--note", f"is missing: write {needed}"))
    if said.what != "granted" and (said.amount is not None or said.currency is not None):
        found.append(("--amount", "and --currency belong to `granted` alone"))
    return found


def _granted(ticket: Ticket, said: Said, before: Money) -> tuple[Money, list[tuple[str, str]]]:
    """What stands granted after a grant: all that was asked, or this much of one currency beside the others' grants."""
    sums = {currency: amount for currency, amount in stated(ticket).items() if amount}
    if not sums:
        return {}, [("answer", "nothing is asked by it, so nothing can be granted")]
    if said.currency is None and said.amount is None:
        return sums, []
    if said.currency is None and len(sums) > 1:
        return {}, [("--currency", f"is missing: it asks for {' and '.join(sums)}")]
    currency = said.currency or next(iter(sums))
    if currency not in sums:
        return {}, [("--currency", f"{currency!r} is not asked for: it asks for {' and '.join(sums)}")]
    amount = sums[currency] if said.amount is None else said.amount
    if not amount.is_finite() or not 0 <= amount <= sums[currency]:
        return {}, [("--amount", f"{amount} is not between 0 and the {money_text(sums[currency], currency)} asked")]
    if amount != round_money(amount, currency):
        return {}, [("--amount", f"{plain(amount)} {currency}: it has {minor_digits(currency)} digits after the point")]
    rest = {code: sum_ for code, sum_ in before.items() if code in sums}
    grant = {code: sum_ for code, sum_ in {**rest, currency: round_money(amount, currency)}.items() if sum_}
    return (grant, []) if grant else ({}, [("answer", "nothing would be granted: write `refused` and its reason")])
