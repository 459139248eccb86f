"""JSON taken apart by hand, and the usage in bodies of the vendor."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.fuzz.readings import LARGEST, Refused, Row, usage_of

SPACE = re.compile(r"[ \t\r\n]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
PIECE = re.compile(r'[^"\\\x00-\x1f]+')
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
DEEPEST = 32
MOST_DIGITS = 4300


class WrongError(Exception):
    """Not JSON that anybody may accept."""


class Number(str):
    """A number as it is written."""

    __slots__ = ()


class Reader:
    """Values one after the other in a text."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.doubtful = text, 0, False

    def values(self) -> Iterator[Any]:
        self.space()
        while self.at < len(self.text):
            yield self.value(0)
            self.space()

    def space(self) -> None:
        self.at = SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]

    def take(self, wanted: str) -> bool:
        found = self.text.startswith(wanted, self.at)
        self.at += len(wanted) * found
        return found

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise WrongError(f"{wanted} at {self.at}")

    def value(self, depth: int) -> Any:
        if depth > DEEPEST + 8:
            raise WrongError("deep")
        self.space()
        for word, value in (("null", None), ("true", True), ("false", False)):
            if self.take(word):
                return value
        if self.take("{"):
            return self.object(depth)
        if self.take("["):
            return self.array(depth)
        if self.text.startswith('"', self.at):
            return self.string()
        match = NUMBER.match(self.text, self.at)
        if not match:
            raise WrongError(f"nothing at {self.at}")
        self.at = match.end()
        number = match[0]
        digits = number.lower().partition("e")
        self.doubtful |= len(digits[0]) > MOST_DIGITS or len(digits[2]) > 10
        return Number(number)

    def array(self, depth: int) -> list[Any]:
        self.doubtful |= depth >= DEEPEST - 1
        found: list[Any] = []
        self.space()
        if self.take("]"):
            return found
        while True:
            found.append(self.value(depth + 1))
            self.space()
            if self.take("]"):
                return found
            self.need(",")

    def object(self, depth: int) -> dict[str, Any]:
        self.doubtful |= depth >= DEEPEST - 1
        found: dict[str, Any] = {}
        self.space()
        if self.take("}"):
            return found
        while True:
            self.space()
            name = self.string()
            if name in found:
                raise WrongError("twice")
            self.space()
            self.need(":")
            found[name] = self.value(depth + 1)
            self.space()
            if self.take("}"):
                return found
            self.need(",")

    def string(self) -> str:
        self.need('"')
        units: list[str] = []
        while not self.take('"'):
            if piece := PIECE.match(self.text, self.at):
                units.append(piece[0])
                self.at = piece.end()
                continue
            self.need("\\")
            if match := re.compile("u([0-9a-fA-F]{4})").match(self.text, self.at):
                units.append(chr(int(match[1], 16)))
                self.at = match.end()
            elif (letter := self.text[self.at : self.at + 1]) and letter in ESCAPES:
                units.append(ESCAPES[letter])
                self.at += 1
            else:
                raise WrongError("escape")
        try:
            return "".join(units).encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise WrongError("half a pair") from None


def read(text: str) -> list[Row] | Refused:
    """Usage of bodies: one, a list of them, or one after the other."""
    reader = Reader(text)
    try:
        values = list(reader.values())
    except WrongError:
        return Refused()
    bodies = [body for value in values for body in (value if isinstance(value, list) else [value])]
    if not values or not all(map(is_body, bodies)):
        return Refused()
    if reader.doubtful:
        return Refused(sure=False)
    records = [record for body in bodies for record in body["data"]]
    return [row for line, record in enumerate(records, 1) for row in rows(line, record)]


def is_body(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("data"), list) and not truth(value.get("errors"))


def truth(value: Any) -> bool:
    return bool(Decimal(value)) if isinstance(value, Number) else bool(value)


def rows(line: int, record: Any) -> Iterator[Row]:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(attributes, dict) or record.get("type") != "usage_timeseries":
        yield Row(line, None)
        return
    texts = [attributes.get(name) for name in ("public_id", "product_family", "timestamp")]
    if not isinstance(attributes.get("measurements"), list) or not all(map(is_text, texts)):
        yield Row(line, None)
        return
    org, family, hour = (text or "" for text in texts)
    for one in attributes["measurements"]:
        kind = one.get("usage_type") if isinstance(one, dict) else None
        if kind is None or not is_text(kind) or "value" not in one:
            yield Row(line, None)
            continue
        quantity, usual = digits(one["value"])
        usage, sure = usage_of(org, family, kind, hour, quantity, "")
        yield Row(line, usage, sure and usual)


def is_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not isinstance(value, Number))


def digits(value: Any) -> tuple[str, bool]:
    """A whole number in digits, and whether it is written as one; no digits for what is none."""
    if value is None:
        return "", True
    if not isinstance(value, Number):
        return "none", True
    try:
        number = Decimal(value)
    except InvalidOperation:
        return "none", False
    if number.adjusted() > 30 or number != number.to_integral_value() or not 0 <= number <= LARGEST:
        return "none", True
    return str(int(number)), re.fullmatch(r"[0-9]+(\.0{1,5})?", value) is not None
