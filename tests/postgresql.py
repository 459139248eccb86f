"""A PostgreSQL server of one's own, on loopback, of Debian's package."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text


def binaries() -> Path | None:
    """Where Debian keeps initdb and pg_ctl."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    return found[0].parent if found else None


@contextmanager
def server(port: int, *options: str) -> Iterator[str]:
    """The URL of its database `postgres`, as long as it runs. `options`: settings of the server, NAME=VALUE."""
    tools = binaries()
    assert tools, "PostgreSQL is not installed: apt-get install postgresql"
    home = Path(tempfile.mkdtemp(prefix="floodmark-pg-"))
    as_owner: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(home, "postgres", "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]

    def run(*command: str) -> None:
        subprocess.run([*as_owner, *command], check=True, cwd=home, stdout=subprocess.DEVNULL)

    given = ("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={home}", *options)
    run(str(tools / "initdb"), "-D", str(home / "data"), "-U", "postgres", "-A", "trust", "--no-sync")
    started = " ".join(f"-c {option}" for option in given)
    run(str(tools / "pg_ctl"), "-D", str(home / "data"), "-o", started, "-l", str(home / "log"), "-w", "start")
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        run(str(tools / "pg_ctl"), "-D", str(home / "data"), "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


def new_database(url: str) -> str:
    """The URL of an empty database on the server."""
    name = f"house_{secrets.token_hex(4)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{url.rpartition('/')[0]}/{name}"
