"""Mail to the operator: what the auditor found, the most urgent first, each with what to do."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from alerts.audit import Concern
from alerts.mail import Letter, message_id
from alerts.rendering import one_line

LISTED = 40
URGENT = {"in time": 0, "dead letter": 1, "next step": 2}  # check -> its place; the others come after


def audit_key(concerns: Sequence[Concern], at: datetime) -> str:
    """The same for the same concerns on the same day: an operator is told what is new, and every day what stays."""
    told = sorted({(concern.check, concern.where) for concern in concerns})
    return f"audit-{at:%Y-%m-%d}-{hashlib.sha256(repr(told).encode()).hexdigest()[:12]}"


def audit_letter(concerns: Sequence[Concern], sender: str, to: tuple[str, ...], at: datetime) -> Letter:
    """One mail for all of `concerns`, of which there is at least one."""
    order = sorted(concerns, key=lambda one: URGENT.get(one.check, len(URGENT)))
    first, *others = order
    more = f", and {len(others)} more" if others else ""
    lines = [
        "Something here needs a person. What, and what to do:",
        *(f"{one_line(one.where)}\n  {one_line(one.what)}\n  -> {one_line(one.todo)}" for one in order[:LISTED]),
        *([f"And {len(order) - LISTED} more: floodmark audit"] if len(order) > LISTED else []),
    ]
    return Letter(
        sender=sender,
        to=to,
        subject=one_line(f"Needs a person: {first.where}: {first.what}{more}")[:200],
        text="\n\n".join(lines) + "\n",
        message_id=message_id(audit_key(concerns, at), sender),
        date=at,
    )
