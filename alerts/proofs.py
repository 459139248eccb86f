"""Files that prove an answer, kept in the workspace under the hash of what is in them."""

import hashlib
import re
from pathlib import Path

from alerts.answers import Proof
from alerts.mail import body_text
from alerts.rendering import one_line
from alerts.whole_file import write_whole
from billing.errors import WorldError

FOLDER = "proofs"
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


def keep(workspace: Path, name: str, content: bytes) -> Proof:
    """Keep a file that is called `name` elsewhere; the same content is kept once. Raises WorldError."""
    digest = hashlib.sha256(content).hexdigest()
    suffix = Path(name).suffix
    path = workspace / FOLDER / f"{digest}{suffix.lower() if _SUFFIX.fullmatch(suffix) else ''}"
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
    except OSError as error:
        raise WorldError(f"{path}: cannot keep the proof: {error.strerror or error}") from error
    return Proof(body_text(one_line(name))[:200] or "file", digest, path.relative_to(workspace).as_posix())


def content(workspace: Path, proof: Proof) -> bytes:
    """What is in a file that was kept. Raises WorldError where it is not what was kept."""
    path = workspace / proof.path
    try:
        found = path.read_bytes()
    except OSError as error:
        raise WorldError(f"{proof.path}: cannot be read: {error.strerror or error}") from error
    if hashlib.sha256(found).hexdigest() != proof.sha256:
        raise WorldError(f"{proof.path}: is not the file that was kept: its SHA-256 is another")
    return found
