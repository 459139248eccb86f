"""Who looks at the console, and what they may."""

from dataclasses import dataclass

ROLES = ("viewer", "reviewer", "approver", "admin")
"""Each may what those before it may: look; decide alerts; send claims and record answers; everything."""


@dataclass(frozen=True)
class User:
    """`partner_id`: the one partner whose data they see; None for all."""

    name: str
    role: str
    partner_id: str | None = None

    def may(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)
