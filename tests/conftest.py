"""What every test may use: stores on SQLite and on PostgreSQL, and an empty workspace."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, text

from alerts.schema import METADATA, upgrade
from billing.database import connect
from tests.postgresql import binaries, new_database, server

# People explore, CI judges the same examples every time.
settings.register_profile(
    "floodmark", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("floodmark")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")


@pytest.fixture(scope="session")
def postgresql(worker_id: str) -> Iterator[str]:
    """The URL of a PostgreSQL server of this test run's own, on loopback."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    port = 54_000 + os.getpid() % 5_000 + int(worker_id.removeprefix("gw") or 0 if worker_id != "master" else 0)
    with server(port, "fsync=off") as url:
        yield url


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """pytest-xdist's name of this process; `master` without it."""
    config = getattr(request.config, "workerinput", None)
    return str(config["workerid"]) if config else "master"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, once on each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'floodmark.db'}"
    url: str = request.getfixturevalue("postgresql")
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def house_database(request: pytest.FixtureRequest) -> str:
    """The URL of a new database for the tests of a file, once on each kind; empty for SQLite in the workspace."""
    return new_database(request.getfixturevalue("postgresql")) if request.param == "postgresql" else ""


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """An empty store at the newest schema, once on each kind of database."""
    found = connect(database)
    upgrade(found)
    yield found
    found.dispose()


@pytest.fixture
def memory() -> Iterator[Engine]:
    """An empty store in memory, for what does not depend on the database."""
    found = connect("sqlite://")
    METADATA.create_all(found)
    yield found
    found.dispose()


# A bare Debian 12 has Python 3.11 alone.
MAY_BE_MISSING = "no Python 3.12"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips", action="store_true", help=f"a skipped test fails the run, but for {MAY_BE_MISSING!r}"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.skipped and item.config.getoption("--no-skips") and MAY_BE_MISSING not in str(report.longrepr):
        report.outcome = "failed"
    return report
