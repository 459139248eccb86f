"""Who has which role: a table of the settings, by what a door knows of people."""

from collections.abc import Iterable, Mapping

from fastapi import HTTPException

from alerts.console.users import User

People = Mapping[str, str]
"""A name, or a group -> "role" or "role partner_id"."""


def entry(people: People, names: Iterable[str]) -> str:
    """The first of the table that is one of these names. Raises HTTPException 403."""
    known = set(names)
    found = next((name for name in people if name in known), None)
    if found is None:
        raise HTTPException(
            403, "You are known, but nobody gave you a role here: ask for an entry in [console] people."
        )
    return found


def person(people: People, name: str, shown: str) -> User | None:
    """The user of that entry; None where it is gone. shown: as they stand in journals."""
    if name not in people:
        return None
    role, _, partner_id = people[name].partition(" ")
    return User(shown, role, partner_id or None)
