"""The store says nothing of what is written into it, whatever goes wrong and whoever listens."""

import logging

import pytest
from sqlalchemy import Engine, text

from billing.database import transaction
from billing.errors import WorldError


def test_no_value_is_told_when_a_statement_fails(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("sqlalchemy.engine", "sqlalchemy.pool", "sqlalchemy.dialects"):
        caplog.set_level(logging.DEBUG, logger=name)
    query = text("SELECT note FROM nowhere WHERE note = :note")
    with pytest.raises(WorldError, match="nowhere") as caught, transaction(engine) as connection:
        connection.execute(query, {"note": "store-canary"})
    assert caught.value.__cause__
    assert "store-canary" not in f"{caught.value} {caught.value.__cause__} {caplog.text}"
    assert "SELECT note" in caplog.text
