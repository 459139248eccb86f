"""A small OpenID Connect provider on loopback: real HTTP, a real key; it signs in whoever it is told to."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "floodmark", "s" * 40


@dataclass
class Issuer:
    """claims: what the next ID token says beside what every one does; None takes a claim away. said: what the provider
    says of itself beside the usual. header: of the token. key: that signs it; `published`: those it says it has."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = None
    published: list[RSAKey] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # the paths, in order

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            **self.said,
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser goes after it has signed in there."""
        assert query["client_id"] == CLIENT and query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256" and "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], basic: str) -> dict[str, Any] | None:
        """The token, for a code that is redeemed once by the client that asked for it."""
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        client = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or _coded(challenge) != asked["code_challenge"] or basic != f"Basic {client}":
            return None
        return {"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": self.id_token(asked)}

    def id_token(self, asked: dict[str, str]) -> str:
        usual = {"iss": self.url, "sub": "248289", "aud": CLIENT, "iat": 1_700_000_000, "exp": 4_000_000_000}
        claims = usual | {"nonce": asked["nonce"]} | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": self.published[0].kid} | self.header
        if header["alg"] in ("none", "HS256"):
            return self._forged(header, claims)
        return jwt.encode(header, claims, self.key or self.published[0], algorithms=[header["alg"]])

    def _forged(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Not signed, or with the public key as if it were a shared secret: two old tricks."""
        signed = ".".join(_coded(json.dumps(part).encode()) for part in (header, claims))
        secret = self.published[0].as_pem(private=False)
        seal = hmac.digest(secret, signed.encode(), "sha256") if header["alg"] == "HS256" else b""
        return f"{signed}.{_coded(seal)}"


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@contextmanager
def serving() -> Iterator[Issuer]:
    """The provider, answering on a port of its own."""
    issuer = Issuer(published=[RSAKey.generate_key(2048, {"kid": "one"})])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, urlsplit(self.path).query
            issuer.asked.append(path)
            if path == "/.well-known/openid-configuration":
                self._json(issuer.metadata())
            elif path == "/jwks":
                self._json(KeySet(issuer.published).as_dict(private=False))
            elif path == "/authorize":
                self.send_response(302)
                self.send_header("Location", issuer.authorize({k: v[0] for k, v in parse_qs(query).items()}))
                self.end_headers()
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            issuer.asked.append(self.path)
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            found = issuer.token(form, self.headers.get("Authorization", ""))
            self._json(found or {"error": "invalid_grant"}, 200 if found else 400)

        def _json(self, document: Any, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
