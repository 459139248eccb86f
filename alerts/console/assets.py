"""Style sheet, scripts and pictures of the console, each under an address that changes with its content."""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, HTTPException, Request, Response

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


class Asset(NamedTuple):
    content: bytes
    packed: bytes
    type: str
    digest: str


@cache
def assets() -> dict[str, Asset]:
    """name -> what is there."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in TYPES:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:16]
            found[path.name] = Asset(content, gzip.compress(content, mtime=0), TYPES[path.suffix], digest)
    return found


def static(name: str) -> str:
    """The address of an asset. Raises KeyError."""
    return f"/static/{assets()[name].digest}/{name}"


@router.get("/static/{digest}/{name}")
def asset(request: Request, digest: str, name: str) -> Response:
    found = assets().get(name)
    if found is None or found.digest != digest:
        raise HTTPException(404)
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, media_type=found.type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(found.content, media_type=found.type, headers=headers)
