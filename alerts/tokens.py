"""Tokens of the API: shown once, kept as a hash, each with scopes and, for a partner's own, the partner."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from alerts.tables import tokens

SCOPES = ("read", "review", "answer", "letter", "admin")
"""Look; decide alerts; record what the vendor's desk answered; write the words of letters; all of these."""
PREFIX = "fm_"  # so that scanners of code and logs can tell what they found


@dataclass(frozen=True)
class Token:
    """What is known of a token. partner_id: the one partner whose data it gives; None for all. ends_at, revoked_at:
    from when on it opens nothing."""

    token_id: str
    name: str
    scopes: Sequence[str]
    partner_id: str | None
    made_at: datetime
    made_by: str
    ends_at: datetime | None = None
    revoked_at: datetime | None = None

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes

    def opens(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.ends_at is None or at < self.ends_at)


def make(
    connection: Connection,
    name: str,
    scopes: Sequence[str],
    who: str,
    at: datetime,
    *,
    partner_id: str | None = None,
    ends_at: datetime | None = None,
) -> tuple[Token, str]:
    """A new token, and its secret: 256 random bits, kept nowhere, so that a plain hash tells nothing of them."""
    secret = PREFIX + secrets.token_urlsafe(32)
    made = Token(f"at_{secrets.token_hex(6)}", name, list(scopes), partner_id, at, who, ends_at)
    connection.execute(insert(tokens).values(**vars(made), digest=_digest(secret)))
    return made, secret


def find(connection: Connection, secret: str, at: datetime) -> Token | None:
    """Whose secret it is; None for one that is unknown, was revoked or has ended."""
    row = connection.execute(select(*COLUMNS).where(tokens.c.digest == _digest(secret))).mappings().first()
    found = Token(**row) if row else None
    return found if found and found.opens(at) else None


def everyone(connection: Connection) -> list[Token]:
    """All tokens that were ever made, the oldest first."""
    query = select(*COLUMNS).order_by(tokens.c.made_at, tokens.c.token_id)
    return [Token(**row) for row in connection.execute(query).mappings()]


def revoke(connection: Connection, token_id: str, at: datetime) -> bool:
    """From now on it opens nothing; False where none of that id is left to revoke."""
    live = update(tokens).where(tokens.c.token_id == token_id, tokens.c.revoked_at.is_(None))
    return connection.execute(live.values(revoked_at=at)).rowcount > 0


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


COLUMNS = [tokens.c[field.name] for field in fields(Token)]
