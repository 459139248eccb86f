"""What takes long is computed while others may write, and kept if what it was computed from still holds."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from alerts.store import lock_cycle
from billing.database import reading, transaction

TRIES = 3  # before nobody else may write meanwhile: deadlines do not wait until everybody else is done

B = TypeVar("B")
R = TypeVar("R")


def agreed(
    engine: Engine,
    read: Callable[[Connection], B],
    compute: Callable[[B], R],
    write: Callable[[Connection, B, R], None],
) -> R:
    """`compute` from what was `read`, without a lock; then `write` it in one transaction that reads the same again.

    Where somebody changed it meanwhile, everything is done anew.
    """
    for _ in range(TRIES):
        with reading(engine) as connection:
            basis = read(connection)
        result = compute(basis)
        with transaction(engine) as connection:
            lock_cycle(connection)
            if read(connection) == basis:
                write(connection, basis, result)
                return result
    with transaction(engine) as connection:
        lock_cycle(connection)
        basis = read(connection)
        result = compute(basis)
        write(connection, basis, result)
        return result
