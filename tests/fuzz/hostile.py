"""Cells that files should never hold, and bytes that break in transit: what the fuzzers throw."""

import gzip
from collections.abc import Callable, Sequence
from random import Random

TIMES = [
    "2026-10-31T23:00:00Z",
    "2026-10-31T23:00:00Z",
    "2026-10-31T23:00:00+00:00",
    "2026-10-31T23:00:00-05:30",
    "2026-10-31 23:00",
    "2026-10-31x23:00:00Z",
    "2026-10-31\u00a023:00:00Z",
    "2026-10-31T23:00:00.0000001Z",
    "2026-10-31T23:00:00.0000000Z",
    "2026-10-31T24:00:00Z",
    "2026-10-31T23:00:60Z",
    "2026-10-31T23:00:00+99:00",
    "2026-10-31T23:00:00+23:59:59.999999",
    "20261031T23Z",
    "2026-W44-6T23:00:00Z",
    "2026W44",
    "2026-02-29T00:00:00Z",
    "2026-10-31",
    "1999-12-31T23:00:00Z",
    "2100-12-31T23:00:00Z",
    "2100-12-31T23:00:00-10:00",
    "0000-00-00T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:00:00-14:00",
    "２０２６-10-31T23:00:00Z",
    "١٢٣٤-10-31T23:00:00Z",
    "1790000000",
    "now",
]
QUANTITIES = [
    *(
        "0",
        "7",
        "14",
        "14.0",
        "00012",
        " 9 ",
        "9\u00a0",
        "9\t",
        "-0",
        "-0.0",
        "-1",
        "+1",
        "1e3",
        "1E3",
        "0x10",
        "1_000",
    ),
    *(
        "NaN",
        "nan",
        "Infinity",
        "-inf",
        "1e999",
        "1e-999",
        "null",
        "None",
        "true",
        "1,000",
        "1.5",
        ".5",
        "5.",
        "١",
        "²",
    ),
    *(
        str(2**63 - 1),
        str(2**63),
        str(2**64),
        str(2**53 + 1),
        "9" * 400,
        "9" * 5000,
        f"{2**63 - 1}.000",
        "0" * 5000 + "1",
    ),
    "1." + "0" * 6000,
]
TEXTS = [
    *(
        "",
        " ",
        "\t",
        "\x00",
        "a\x00b",
        "\x1b[31m",
        "\u0085",
        "\u2028",
        "\ufeff",
        "\u200b",
        "\u202eevil",
        "é" * 200,
        "é" * 201,
    ),
    *(
        "x" * 131_072,
        "x" * 131_073,
        '"',
        '""',
        'say "x"',
        "a,b",
        "a\rb",
        "=1+1",
        "@SUM(A1)",
        "../../etc/passwd",
        "🦀",
        "\ufffd",
    ),
]
JSON_VALUES = [
    *(
        "null",
        "true",
        "[]",
        "{}",
        '""',
        '"7"',
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "1e-999",
        "-0",
        "-0.0",
        "1E400",
        "1.0",
    ),
    *(
        "1.50",
        "10e-1",
        "1e2",
        "0e5",
        str(2**63),
        "9" * 4300,
        "9" * 4301,
        "1." + "0" * 5000,
        "01",
        "+1",
        ".5",
        "5.",
        "0x1",
        "--1",
    ),
    *(
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\ud83e\\udd80"',
        '"\\u0000"',
        '"\\x"',
        "[" * 31 + "]" * 31,
        "[" * 900 + "]" * 900,
    ),
    *(
        "[" * 100_000,
        '{"a":' * 500 + "1" + "}" * 500,
        '{"a":1,"a":2}',
        '{"a":1,"\\u0061":2}',
        "'7'",
        "7,",
        "7//x",
        "1e99999999999999999999",
    ),
]


def cell(random: Random, pool: Sequence[str], usual: str, danger: float) -> str:
    """The usual cell, or with the chance `danger` a hostile one."""
    return random.choice(pool) if random.random() < danger else usual


def spoilt(content: bytes, random: Random, other: bytes) -> bytes:
    """The content after nought to four mishaps. `other` is a file of the same kind."""
    for _ in range(random.choice((0, 0, 0, 1, 1, 2, 4))):
        content = random.choice(MISHAPS)(content, random, other)
    return content


def _flip(content: bytes, random: Random, other: bytes) -> bytes:
    changed = bytearray(content or b"\0")
    for _ in range(random.choice((1, 1, 2, 8))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut(content: bytes, random: Random, other: bytes) -> bytes:
    at = random.randint(0, len(content))
    return content[:at] if random.random() < 0.7 else content[at:]


def _splice(content: bytes, random: Random, other: bytes) -> bytes:
    at, start = random.randint(0, len(content)), random.randint(0, len(other))
    return content[:at] + other[start:]


def _move(content: bytes, random: Random, other: bytes) -> bytes:
    start, length, to = random.randint(0, len(content)), random.randint(1, 64), random.randint(0, len(content))
    piece = content[start : start + length]
    if random.random() < 0.5:
        content = content[:start] + content[start + length :]
    return content[:to] + piece + content[to:]


def _insert(content: bytes, random: Random, other: bytes) -> bytes:
    at = random.randint(0, len(content))
    pieces = (
        b"\0",
        b"\n",
        b"\r",
        b"\r\n",
        b",",
        b'"',
        b"{",
        b"[",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\xc0\x80",
    )
    return content[:at] + random.choice((*pieces, random.randbytes(8), b"\0" * 500)) + content[at:]


def _overwrite(content: bytes, random: Random, other: bytes) -> bytes:
    at = random.randint(0, len(content))
    piece = random.choice((b"\xff" * 4, b"\x7f" * 8, b"\0" * 8, random.randbytes(4)))
    return content[:at] + piece + content[at + len(piece) :]


def _encode(content: bytes, random: Random, other: bytes) -> bytes:
    text = content.decode("utf-8", "replace")
    encoding = random.choice(("utf-16", "utf-16-be", "utf-32", "latin-1", "utf-7", "utf-8-sig", "cp500"))
    return text.encode(encoding, "replace")


def _pack(content: bytes, random: Random, other: bytes) -> bytes:
    packed = gzip.compress(content, 1, mtime=0)
    return packed if random.random() < 0.5 else packed + gzip.compress(other, 1, mtime=0)


MISHAPS: list[Callable[[bytes, Random, bytes], bytes]] = [
    *(_flip, _flip, _flip, _cut, _splice, _move, _insert, _insert, _overwrite, _encode, _pack)
]
