"""Debian's prometheus-alertmanager on loopback: started, told of alerts and silences, killed."""

import json
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.flows.mailbox import free_port

BINARY = "prometheus-alertmanager"
GROUP_WAIT = 2.0  # seconds
CONFIG = """
global: {{smtp_smarthost: '127.0.0.1:{mail}', smtp_from: a@reseller.example, smtp_require_tls: false}}
route: {{receiver: {receiver}, group_wait: {wait}s, group_interval: {wait}s, repeat_interval: 12h}}
receivers:
  - name: webhook
    webhook_configs: [{{url: 'http://127.0.0.1:{web}/'}}]
  - name: mail
    email_configs: [{{to: desk@vendor.example}}]
"""


def version() -> str | None:
    """None where it is not installed."""
    if shutil.which(BINARY) is None:
        return None
    said = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True)
    return (said.stdout + said.stderr).split()[2]


@dataclass
class Alertmanager:
    """One that keeps its data in `directory` and tells `receiver`, webhook or mail."""

    directory: Path
    receiver: str
    web: int
    mail: int

    def __post_init__(self) -> None:
        self.directory.mkdir()
        config = CONFIG.format(receiver=self.receiver, wait=int(GROUP_WAIT), web=self.web, mail=self.mail)
        (self.directory / "config.yml").write_text(config)
        self.port = free_port()
        self.start()

    def start(self) -> None:
        options = (
            f"--config.file={self.directory / 'config.yml'}",
            f"--storage.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        )
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([BINARY, *options], **quiet)  # type: ignore[call-overload]
        for _ in range(200):
            try:
                self.ask("GET", "/-/ready")
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
            else:
                return
        raise AssertionError("it did not start")

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        self.process.send_signal(how)
        self.process.wait(30)

    def alert(self) -> None:
        """Accepted with 200."""
        self.ask("POST", "/api/v2/alerts", [{"labels": {"alertname": "spike", "org": "o1"}}])

    def silence(self) -> str:
        """The id of a silence, accepted with 200."""
        now = datetime.now(UTC)
        matcher = {"name": "org", "value": "o1", "isRegex": False}
        body = {"matchers": [matcher], "createdBy": "us", "comment": "planned"}
        span = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
        return str(self.ask("POST", "/api/v2/silences", body | span)["silenceID"])

    def has_silence(self, name: str) -> bool:
        return any(silence["id"] == name for silence in self.ask("GET", "/api/v2/silences"))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            said = answer.read()
        return json.loads(said) if said[:1] in (b"{", b"[") else None
