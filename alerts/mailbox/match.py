"""Which ticket a mail is about: by what it answers, by the address it is to, by what its subject names. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from alerts.mail import message_id, plus_address
from alerts.mailbox.mail import Mail
from alerts.outbox import Delivery

_TICKET = re.compile(r"\btk_[0-9a-f]{12}\b")
_DESKS = re.compile(r"[#\[(]([A-Za-z0-9-]{2,40})\b")


@dataclass(frozen=True)
class Letters:
    """The letters that were written for tickets, by all that a mail may call them."""

    by_id: Mapping[str, Delivery]  # the part of the Message-ID before the @
    by_address: Mapping[str, str]  # where replies go -> ticket_id
    by_name: Mapping[str, str]  # what we call a ticket -> ticket_id
    by_number: Mapping[str, str]  # what the desk calls it -> ticket_id
    desks: Collection[str]  # domains that numbers are believed from: anybody guesses one

    @classmethod
    def of(cls, deliveries: Iterable[Delivery], sender: str, desks: Collection[str]) -> "Letters":
        """`desks`: domains, in lower case, whose addresses the desk writes from."""
        mine = [one for one in deliveries if one.ticket_id]
        tickets = {one.ticket_id for one in mine if one.ticket_id}
        named = {one.external_id: one.ticket_id for one in mine if one.external_id and one.ticket_id}
        return cls(
            {message_id(one.key, sender)[1:].partition("@")[0]: one for one in mine},
            {plus_address(sender, ticket_id).lower(): ticket_id for ticket_id in tickets},
            {ticket_id: ticket_id for ticket_id in tickets},
            named,
            desks,
        )

    def letter(self, mail: Mail) -> Delivery | None:
        """The letter that the mail answers or returns."""
        keys = (id_.partition("@")[0] for id_ in mail.ids)
        return next((self.by_id[key] for key in keys if key in self.by_id), None)

    def ticket(self, mail: Mail) -> str | None:
        """The ticket that the mail is about; None for one that names nothing we know."""
        if letter := self.letter(mail):
            return letter.ticket_id
        found = [*map(self.by_address.get, mail.readers), *map(self.by_name.get, _TICKET.findall(mail.subject))]
        if mail.sender.rpartition("@")[2] in self.desks:
            found += map(self.by_number.get, _DESKS.findall(mail.subject))
        return next(filter(None, found), None)
