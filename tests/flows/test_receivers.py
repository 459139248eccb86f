"""Settings of who is told: every fault at once, secrets from the environment and never said back."""

import base64
from pathlib import Path
from typing import Any

import pytest

from billing.errors import SettingsError
from flows import settings as settings_file
from flows.wiring import opened
from tests.alerts.sinks import jsm_desk, zendesk_desk
from tests.alerts.sinks.http_server import HttpServer, Reply
from tests.flows.command import Workspace, new_workspace

CANARY = "settings-canary"
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of settings-canary").decode()
TOKENS = {"FLOODMARK_ZENDESK__TOKEN": zendesk_desk.TOKEN, "FLOODMARK_JSM__TOKEN": jsm_desk.TOKEN}
NUMBERS = {"FLOODMARK_JSM__SERVICE_DESK": "3", "FLOODMARK_JSM__REQUEST_TYPE": "11"}


@pytest.fixture
def empty(tmp_path: Path) -> Workspace:
    return new_workspace(tmp_path / "workspace")


def faults(folder: Path, text: str = "", **env: str) -> dict[str, str]:
    """{key: what is wrong}."""
    (folder / settings_file.FILE).write_text(text)
    with pytest.raises(SettingsError) as caught:
        settings_file.read(folder, {f"FLOODMARK_{key}": value for key, value in env.items()})
    assert CANARY not in str(caught.value)
    return {fault.column: fault.what for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("sink", "lacking"),
    [
        ("smtp", {"mail.url"}),
        ("zendesk", {"zendesk.url", "zendesk.email", "zendesk.token"}),
        ("jsm", {"jsm.url", "jsm.email", "jsm.token", "jsm.service_desk", "jsm.request_type"}),
        ("webhook", {"webhook.url", "webhook.secrets"}),
    ],
)
def test_all_that_a_sink_lacks_is_named_at_once_beside_every_other_fault(
    tmp_path: Path, sink: str, lacking: set[str]
) -> None:
    found = faults(tmp_path, f'[tickets]\nsink = "{sink}"\nreview_hours = -1\n[console]\nprot = 1\n')
    assert set(found) == lacking | {"tickets.review_hours", "console.prot"}
    assert all(found[key] == f"tickets.sink is {sink}, and this is not set" for key in lacking)


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("ZENDESK__URL", f"http://{CANARY}.zendesk.com", "not encrypted"),
        ("ZENDESK__URL", f"https://{CANARY}@desk.example", "without a user"),
        ("ZENDESK__EMAIL", "nobody", "not an e-mail address"),
        ("ZENDESK__TOKEN", f"{CANARY} two words", "one word of ASCII"),
        ("JSM__URL", f"{CANARY}.atlassian.net", "https://host/path"),
        ("JSM__SERVICE_DESK", "HELP", "match"),
        ("WEBHOOK__URL", f"http://10.0.0.5/{CANARY}", "[outgoing] allow"),
        ("WEBHOOK__SECRETS", f"{CANARY}", "24 to 64 random bytes"),
        ("WEBHOOK__SECRETS", f"whsec_{base64.b64encode(b'too short').decode()}", "24 to 64 random bytes"),
        ("WEBHOOK__SECRETS", ",".join([SECRET] * 3), "at most 2"),
        ("OUTGOING__ALLOW", "http://127.0.0.1", "is no host"),
        ("OUTGOING__ALLOW", "*", "is no host"),
        ("TICKETS__SINK", "pigeon", "'eml', 'smtp', 'zendesk', 'jsm' or 'webhook'"),
    ],
)
def test_a_value_that_cannot_be_right_is_named_and_no_secret_said_back(
    tmp_path: Path, key: str, value: str, what: str
) -> None:
    [(named, said)] = faults(tmp_path, **{key: value}).items()
    assert named.split(".")[:2] == key.lower().split("__")
    assert what in said


def test_lists_come_from_the_environment_as_words_or_as_in_toml(tmp_path: Path) -> None:
    (tmp_path / settings_file.FILE).write_text("")

    def read(**env: str) -> Any:
        return settings_file.read(tmp_path, {f"FLOODMARK_{key}": value for key, value in env.items()})

    two = read(WEBHOOK__SECRETS=f"{SECRET}, {SECRET}").webhook.secrets
    assert [secret.get_secret_value() for secret in two] == [SECRET, SECRET]
    [url] = read(PINGS__URLS='["mailto://a:b@mail.example?to=x@y.example,z@y.example"]').pings.urls
    assert url.get_secret_value().endswith("x@y.example,z@y.example")
    assert SECRET not in repr(read(WEBHOOK__SECRETS=SECRET))
    assert read(OUTGOING__ALLOW="127.0.0.1,desk.corp.example").outgoing.allow == ("127.0.0.1", "desk.corp.example")


def test_check_logs_in_everywhere_and_names_every_login_that_fails(empty: Workspace) -> None:
    with HttpServer(zendesk_desk.ZendeskDesk()) as zendesk, HttpServer(jsm_desk.JsmDesk()) as jsm:
        desks = {
            "FLOODMARK_ZENDESK__URL": zendesk.url,
            "FLOODMARK_ZENDESK__EMAIL": zendesk_desk.EMAIL,
            "FLOODMARK_JSM__URL": jsm.url,
            "FLOODMARK_JSM__EMAIL": jsm_desk.EMAIL,
            "FLOODMARK_OUTGOING__ALLOW": "127.0.0.1",
        }
        well = empty.call("check", **desks, **NUMBERS, **TOKENS)
        assert "zendesk" not in well.err
        assert "jsm" not in well.err
        wrong = empty.call("check", **desks, **NUMBERS, **dict.fromkeys(TOKENS, CANARY))
        assert f"floodmark.toml: zendesk: {zendesk.url}: 401: refused; the login must be mended" in wrong.err
        assert f"floodmark.toml: jsm: {jsm.url}: 401: refused; the login must be mended" in wrong.err
        assert CANARY not in wrong.err + wrong.out
        assert {asked.method for asked in (*zendesk.asked, *jsm.asked)} == {"GET"}, "nothing is written"


def test_check_connects_to_a_webhook_and_posts_nothing(empty: Workspace) -> None:
    env = {"FLOODMARK_WEBHOOK__SECRETS": SECRET, "FLOODMARK_OUTGOING__ALLOW": "127.0.0.1"}
    with HttpServer(lambda _: Reply()) as server:
        there = empty.call("check", FLOODMARK_WEBHOOK__URL=f"{server.url}/{CANARY}", **env)
        assert "webhook" not in there.err
        assert server.asked == []
    gone = empty.call("check", FLOODMARK_WEBHOOK__URL=f"{server.url}/{CANARY}", **env)
    assert f"floodmark.toml: webhook: {server.url}: " in gone.err
    assert "refused" in gone.err
    inside = empty.call(
        "check", FLOODMARK_WEBHOOK__URL=f"https://127.0.0.1:{server.port}/", FLOODMARK_WEBHOOK__SECRETS=SECRET
    )
    assert "not of the open internet" in inside.err
    assert CANARY not in gone.err + gone.out


def test_check_names_who_cannot_be_called(empty: Workspace) -> None:
    done = empty.call("check", FLOODMARK_PINGS__URLS=f"ntfy://topic,nobody://{CANARY}")
    assert "pings.urls: number 2 is not a URL that Apprise knows" in done.err
    assert "people to call: 2" in done.out
    assert CANARY not in done.err + done.out


def test_nothing_is_set_up_that_is_set_by_half(empty: Workspace) -> None:
    assert set(_sinks(empty)) == {"eml"}
    with HttpServer(lambda _: Reply()) as server:
        half = f'[webhook]\nurl = "{server.url}"\n[outgoing]\nallow = ["127.0.0.1"]\n[jsm]\nurl = "https://x.example"\n'
        (empty.path / settings_file.FILE).write_text(half)
        assert set(_sinks(empty)) == {"eml"}
        (empty.path / settings_file.FILE).write_text(half.replace("[outgoing]", f'secrets = ["{SECRET}"]\n[outgoing]'))
        assert set(_sinks(empty)) == {"eml", "webhook"}


def _sinks(workspace: Workspace) -> list[str]:
    with opened(workspace.path) as app:
        return list(app.sinks)
