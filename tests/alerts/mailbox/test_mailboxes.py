"""Maildir and IMAP: each mail once, cut where it is too long, and nothing of it is changed."""

import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from alerts.mailbox.place import mailbox
from alerts.mailbox.unread import LARGEST, MOST, Mailbox
from billing.errors import WorldError
from tests.alerts.certificates import tls_for
from tests.alerts.mailbox.imap_server import PASSWORD, USER, ImapServer

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)


def unread(box: Mailbox, *known: str) -> dict[str, bytes]:
    def asked(places: Collection[str]) -> set[str]:
        return {*known} & {*places}

    return dict(box.unread(asked, AT))


def maildir(path: Path, **mails: bytes) -> Mailbox:
    for folder in ("new", "cur", "tmp"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    for name, content in mails.items():
        (path / "new" / name).write_bytes(content)
    return mailbox(f"maildir:{path.name}", path.parent)


def test_a_maildir_gives_each_mail_by_its_name_whatever_its_flags(tmp_path: Path) -> None:
    box = maildir(tmp_path / "m", b=b"second", a=b"first")
    (tmp_path / "m/tmp/c").write_bytes(b"not delivered yet")
    found = unread(box)
    assert list(found.values()) == [b"first", b"second"]
    (tmp_path / "m/new/a").rename(tmp_path / "m/cur/a:2,S")
    assert unread(box) == found, "the same mail at the same place, read or not"
    assert unread(box, *found) == {}
    assert (tmp_path / "m/cur/a:2,S").read_bytes() == b"first"
    assert (tmp_path / "m/new/b").read_bytes() == b"second"


def test_what_is_no_plain_mail_is_left_alone(tmp_path: Path) -> None:
    box = maildir(tmp_path / "m", real=b"real")
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (tmp_path / "m/new/link").symlink_to(secret)
    (tmp_path / "m/new/folder").mkdir()
    os.mkfifo(tmp_path / "m/new/pipe")
    (tmp_path / "m/new/.hidden").write_bytes(b"half")
    assert list(unread(box).values()) == [b"real"]


def test_a_name_that_is_no_text_is_a_place_too(tmp_path: Path) -> None:
    box = maildir(tmp_path / "m")
    (tmp_path / "m/new" / os.fsdecode(b"mail-\xff")).write_bytes(b"mail")
    assert unread(box) == {"maildir:mail-\\udcff": b"mail"}


def test_a_maildir_that_is_not_there_is_the_worlds_fault(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"m cannot be read: No such file"):
        unread(mailbox("maildir:m", tmp_path))


def test_a_mail_is_cut_and_a_flood_comes_in_parts(tmp_path: Path) -> None:
    box = maildir(tmp_path / "m", **{f"{n:04}": b"x" for n in range(MOST + 3)}, huge=b"y" * (LARGEST + 1))
    first = unread(box)
    assert len(first) == MOST
    rest = unread(box, *first)
    assert sorted(map(len, rest.values())) == [1, 1, 1, LARGEST]


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer() as server:
        yield server


def url(server: ImapServer, password: str = PASSWORD, folder: str = "INBOX") -> str:
    return f"imap://{USER}:{quote(password, safe='')}@127.0.0.1:{server.port}/{folder}"


def test_an_imap_folder_gives_each_mail_once_and_is_opened_read_only(server: ImapServer, tmp_path: Path) -> None:
    server.mails = {3: b"first", 11: b"second\r\n)\r\nA001 OK\r\n"}
    box = mailbox(url(server), tmp_path)
    found = unread(box)
    assert found == {"imap:7:3": b"first", "imap:7:11": server.mails[11]}
    server.mails[12] = b"x" * (LARGEST + 1)
    assert {place: len(content) for place, content in unread(box, *found).items()} == {"imap:7:12": LARGEST}
    said = " ".join(server.commands)
    assert "EXAMINE" in said and "BODY.PEEK" in said and "SINCE 26-Sep-2026" in said
    assert not any(word in said for word in ("SELECT", "STORE", "EXPUNGE", "COPY", "MOVE", "APPEND"))
    server.validity = 8
    assert set(unread(box, *found)) == {"imap:8:3", "imap:8:11", "imap:8:12"}


def test_a_password_that_is_refused_is_not_in_the_error(server: ImapServer, tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="refused the user and password") as caught:
        unread(mailbox(url(server, "hunter2"), tmp_path))
    assert "hunter2" not in repr(caught.value) and caught.value.__suppress_context__


@pytest.mark.parametrize("name", ["EXAMINE", "UID SEARCH", "UID FETCH", "LOGIN"])
@pytest.mark.parametrize("how", ["refuse", "hangs_up_at"])
def test_a_server_that_fails_is_the_worlds_fault(server: ImapServer, tmp_path: Path, name: str, how: str) -> None:
    server.mails = {1: b"mail"}
    setattr(server, how, name)
    with pytest.raises(WorldError, match=f"127.0.0.1:{server.port}") as caught:
        unread(mailbox(url(server), tmp_path))
    assert PASSWORD not in str(caught.value)


def test_a_folder_that_is_not_there_and_no_server(server: ImapServer, tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="no such folder"):
        unread(mailbox(url(server, folder="Else"), tmp_path))
    server.__exit__()
    with pytest.raises(WorldError, match="refused"):
        unread(mailbox(url(server), tmp_path))
    server.__enter__()


def test_over_tls_the_certificate_is_checked(tmp_path: Path) -> None:
    tls = tls_for(tmp_path, "127.0.0.1")
    with ImapServer(tls.server) as server:
        server.mails = {1: b"mail"}
        secure = url(server).replace("imap://", "imaps://")
        with pytest.raises(WorldError, match="certificate verify failed"):
            unread(mailbox(secure, tmp_path))
        assert unread(mailbox(secure, tmp_path, tls.client)) == {"imap:7:1": b"mail"}


@pytest.mark.parametrize(
    "bad",
    [
        "imap://user:secret@mail.example/INBOX",
        "pop3://user:secret@localhost/",
        "imaps://localhost/INBOX",
        "imaps://user:secret@/INBOX",
        "imaps://user:secret@host:99999/INBOX",
        "imaps://user:secret@host/INBOX?x=1",
        "imaps://user:sec%0d%0aret@host/INBOX",
        "imaps://user:secret@host/Entw%C3%BCrfe",
        "maildir:",
        "secret",
    ],
)
def test_a_mailbox_that_cannot_be_is_refused_without_its_password(bad: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as caught:
        mailbox(bad, tmp_path)
    assert "secret" not in str(caught.value)
