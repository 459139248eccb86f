"""The App: what hangs on it is of its own store, and of now."""

from dataclasses import replace
from pathlib import Path

from billing import book_store
from billing.database import transaction
from tests.flows.small import END, small_workspace, small_world


def test_a_book_is_read_once_and_a_new_version_at_once(tmp_path: Path) -> None:
    app = small_workspace(tmp_path / "w", replace(small_world(), usage=[]))
    with transaction(app.engine) as connection:
        first = app.book(connection)
        assert app.book(connection) is first == book_store.load(connection)
        renamed = {"c1": replace(first.customers["c1"], name="Renamed")}
        book_store.save(connection, replace(first, customers=renamed), END)
        assert app.book(connection).customers == renamed
    app.engine.dispose()
