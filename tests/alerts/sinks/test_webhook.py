"""The signature of a webhook, against the standard's own vector and package; the same body for the same parcel."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from alerts.sinks.outgoing import Outgoing
from alerts.sinks.webhook import Webhook, signature, signing_key
from billing.errors import WorldError
from tests.alerts.sinks.http_server import HttpServer, Reply
from tests.alerts.sinks.letters import CSV, KEY, NEXT, PNG, SUBJECT, parcel

OLD, NEW = (f"whsec_{base64.b64encode(bytes([byte]) * 32).decode()}" for byte in (1, 2))


def hook(server: HttpServer, *secrets: str, at: datetime | None = None) -> Webhook:
    return Webhook(f"{server.url}/hook", secrets, Outgoing(("127.0.0.1",)), lambda: at or datetime.now(UTC))


def test_the_vector_of_the_standard() -> None:
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=24, max_size=64), st.text(alphabet="abc-._", min_size=1), st.text(), st.integers(0, 2**34))
def test_it_is_hmac_over_id_time_and_body(key: bytes, name: str, body: str, moment: int) -> None:
    try:
        content = body.encode()
    except UnicodeEncodeError:
        return
    expected = hmac.new(key, b".".join([name.encode(), b"%d" % moment, content]), hashlib.sha256).digest()
    assert signature(key, name, moment, content) == f"v1,{base64.b64encode(expected).decode()}"
    ours = Verifier(key).sign(name, datetime.fromtimestamp(moment, UTC), body)
    assert signature(key, name, moment, content) == ours


@pytest.mark.parametrize("secrets", [(OLD,), (OLD, NEW), (NEW, OLD), (NEW,)])
def test_while_two_secrets_are_active_either_verifies(secrets: tuple[str, ...]) -> None:
    with HttpServer(lambda _: Reply(204)) as server:
        hook(server, *secrets).send(parcel())
    [asked] = server.asked
    assert len(asked.headers["webhook-signature"].split(" ")) == len(secrets)
    for secret in (OLD, NEW):
        if secret in secrets:
            assert Verifier(secret).verify(asked.body.decode(), asked.headers)
        else:
            with pytest.raises(WebhookVerificationError):
                Verifier(secret).verify(asked.body.decode(), asked.headers)
    for changed in ({"webhook-id": "other"}, {"webhook-timestamp": "1614265330"}):
        with pytest.raises(WebhookVerificationError):
            Verifier(secrets[0]).verify(asked.body.decode(), asked.headers | changed)
    with pytest.raises(WebhookVerificationError):
        Verifier(secrets[0]).verify(asked.body.decode() + " ", asked.headers)


def test_the_whole_letter_is_in_it() -> None:
    with HttpServer(lambda _: Reply(200)) as server:
        receipt = hook(server, NEW, at=datetime(2026, 11, 28, tzinfo=UTC)).send(parcel())
        hook(server, NEW).send(parcel(NEXT, receipt.external_id))
    first, second = (json.loads(asked.body) for asked in server.asked)
    assert (first["type"], first["timestamp"]) == ("ticket.opened", "2026-11-27T00:00:00Z")
    assert server.asked[0].headers["webhook-timestamp"] == "1795824000"
    data = first["data"]
    assert (data["subject"], data["text"]) == (SUBJECT, f"Dear desk, this is {KEY}.\n별빛두더지\n")
    files = {file["name"]: (file["content_type"], base64.b64decode(file["content"])) for file in data["attachments"]}
    assert files == {CSV.name: ("text/csv", CSV.content), "claim-1.png": ("image/png", PNG)}
    assert (second["type"], second["data"]["key"], second["data"]["thread"]) == ("ticket.updated", NEXT, KEY)


def test_a_repeat_has_the_same_id_and_body_and_a_time_of_its_own() -> None:
    start = datetime(2026, 11, 28, tzinfo=UTC)
    with HttpServer(lambda _: Reply(200)) as server:
        for late in (timedelta(), timedelta(hours=3)):
            hook(server, NEW, at=start + late).send(parcel(tried=late))
    first, second = server.asked
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 3 * 3600


def test_a_receiver_that_is_gone_is_gone_for_good() -> None:
    with HttpServer(lambda _: Reply(410, b"canary")) as server, pytest.raises(WorldError, match="410") as caught:
        hook(server, NEW).send(parcel())
    assert caught.value.permanent
    assert "canary" not in str(caught.value), "a page about the URL may repeat it"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!", "whsec_" + "A" * 400, "gebükt" * 9])
def test_a_secret_that_is_none_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 random bytes") as caught:
        signing_key(secret)
    assert not secret.removeprefix("whsec_") or secret not in str(caught.value)
