"""Answers in SQL, and the changes of a ticket that they and deliveries make; each with its row in the journal."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlalchemy.engine import Connection

from alerts import journal
from alerts.alert import Transition
from alerts.answers import Answer, Money, Proof
from alerts.tables import answers, tickets


def all_answers(connection: Connection) -> dict[str, list[Answer]]:
    """ticket_id -> what was said to it, oldest first."""
    return _by_ticket(connection, select(answers))


def answers_of(connection: Connection, ticket_ids: Collection[str]) -> dict[str, list[Answer]]:
    """The same, of these tickets."""
    return _by_ticket(connection, select(answers).where(answers.c.ticket_id.in_(ticket_ids)))


def _by_ticket(connection: Connection, query: Select[Any]) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = {}
    for row in connection.execute(query.order_by(answers.c.number)).mappings():
        found.setdefault(row["ticket_id"], []).append(_answer(row))
    return found


def answers_to(connection: Connection, ticket_id: str) -> list[Answer]:
    """What was said to the ticket, oldest first."""
    query = select(answers).where(answers.c.ticket_id == ticket_id).order_by(answers.c.number)
    return [_answer(row) for row in connection.execute(query).mappings()]


def add(connection: Connection, answer: Answer, was: str, now: str, why: str) -> None:
    """Keep the answer and move its ticket from the state `was` to `now`."""
    row = {**vars(answer), "asked": _texts(answer.asked), "granted": _texts(answer.granted)}
    connection.execute(insert(answers).values({**row, "proofs": [vars(proof) for proof in answer.proofs]}))
    move(connection, answer.ticket_id, was, now, answer.who, why, answer.at)


def move(connection: Connection, ticket_id: str, was: str, now: str, who: str, why: str, at: datetime) -> None:
    """Put the ticket from one state into another, or note in the journal what left it in its state."""
    connection.execute(update(tickets).where(tickets.c.ticket_id == ticket_id).values(state=now))
    journal.append(connection, [Transition(ticket_id, at, was, now, who, why)])


def sent(connection: Connection, ticket_id: str | None, proof: str, at: datetime) -> None:
    """An open ticket whose letter was sent is sent."""
    state = connection.scalar(select(tickets.c.state).where(tickets.c.ticket_id == ticket_id))
    if ticket_id and state == "open":
        move(connection, ticket_id, "open", "sent", "floodmark", proof, at)


def _texts(money: Money) -> dict[str, str]:
    return {currency: f"{amount:f}" for currency, amount in money.items()}


def _answer(row: Any) -> Answer:
    money = {name: {code: Decimal(text) for code, text in row[name].items()} for name in ("asked", "granted")}
    proofs = tuple(Proof(**proof) for proof in row["proofs"])
    return Answer(**{name: value for name, value in row.items() if name != "number"} | money | {"proofs": proofs})
