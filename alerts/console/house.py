"""All that the console gets from outside: values, and functions that are filled in `flows/console.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from alerts.alert import Alert
from alerts.answers import Proof, Said
from alerts.clock import Clock, Desk
from alerts.figures import Figures
from alerts.mail import Letter
from alerts.phone import Phone
from alerts.queue import Least
from alerts.wording import Draft
from billing.book import Book, Customer, Partner
from billing.catalog import Catalog
from billing.hours import Month
from billing.statement import Statement
from billing.usage import Usage


@dataclass(frozen=True)
class House:
    """What the pages are made of. They read alerts and tickets from `engine` themselves, through `alerts.console.view`.

    now: the clock. book: the one that holds. clock: of a month, for a partner's customers. least: min_stake.
    rank: of the percentile. data_to: the end of the last hour that anything was said of. usage: what holds of the hours
    [start, end), read when it is needed. bill: of a book's month, over the hours before a time (None: so far), at the
    clock; the last argument says that it is a part of the book. figures: of customers of one partner; None where they
    are still to be worked out and nobody waits. digest: the very mail to a partner; None where nobody would get one.

    What people do, recorded once it returns; what makes no sense raises FaultyError: decide (alert ids, verdict, who,
    note, at), undo (alert ids, who, at), comment (alert id, who, text, at), put_off (alert id, until, who, note, at;
    until None wakes it), send (alert id, who, note, at: confirm it and send what is owed; sentences that say what came
    of it), answer (ticket id, what the desk said, files as (name, content), who, at), reword (ticket id, words, the
    draft's version, who, at; words None puts the generated ones back).

    draft: of the letter that a ticket would send at the clock; letter: that very letter, or with other words. Both are
    None where it has none to send. proof: what is in a file that proves an answer.
    """

    engine: Engine
    now: Callable[[], datetime]
    catalog: Catalog
    desk: Desk
    least: Least
    book: Callable[[Connection], Book]
    clock: Callable[[Month, Partner], Clock]
    rank: str
    phone: Phone
    usage: Callable[[datetime, datetime], Usage]
    data_to: Callable[[], datetime | None]
    bill: Callable[[Book, Month, datetime | None, datetime, bool], Statement]
    decide: Callable[[Sequence[str], str, str, str, datetime], list[Alert]]
    undo: Callable[[Sequence[str], str, datetime], list[Alert]]
    comment: Callable[[str, str, str, datetime], None]
    put_off: Callable[[str, datetime | None, str, str, datetime], list[Alert]]
    draft: Callable[[Connection, str, datetime], Draft | None]
    letter: Callable[[Connection, str, datetime, str | None], Letter | None]
    reword: Callable[[str, str | None, str, str, datetime], None]
    send: Callable[[str, str, str, datetime], Sequence[str]]
    figures: Callable[[Connection, Sequence[Customer], datetime, bool], Figures | None]
    digest: Callable[[Connection, str, datetime], bytes | None]
    proof: Callable[[Proof], bytes]
    answer: Callable[[str, Said, Sequence[tuple[str, bytes]], str, datetime], object]
