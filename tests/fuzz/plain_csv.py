"""CSV taken apart one character at a time."""

from collections.abc import Iterator

from tests.fuzz.readings import Refused, Row, usage_of

COLUMNS = ("org_id", "product_family", "usage_type", "hour", "quantity", "observed_at")
LONGEST = 131_072


def read(text: str) -> list[Row] | Refused:
    """Usage as CSV: a header, then a row a line."""
    first, *lines = [line.removesuffix("\r") for line in text.split("\n")]
    header = cells(first)
    if header is None or "\r" in first:
        return Refused(sure=header is None)
    names = [name.strip() for name in header]
    if any(names.count(name) > 1 for name in names) or any(name not in names for name in COLUMNS[:5]):
        return Refused()
    if any(len(name) > LONGEST for name in header):
        return Refused(sure=False)
    return list(rows(lines, names))


def rows(lines: list[str], names: list[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, 2):
        if line:
            found = cells(line)
            if found is None or len(found) != len(names):
                yield Row(number, None)
                continue
            named = dict(zip(names, found, strict=True))
            usage, sure = usage_of(*(named.get(column, "") for column in COLUMNS))
            doubted = "\r" in line or any(len(cell) > LONGEST for cell in found)
            yield Row(number, usage, sure and not doubted)


def cells(line: str) -> list[str] | None:
    """The cells of a line; None where its quotes are wrong."""
    found, cell, at, quoted = [], "", 0, False
    opened = True  # at the start of a cell
    while at < len(line):
        letter = line[at]
        if quoted:
            if letter != '"':
                cell += letter
            elif line[at + 1 : at + 2] == '"':
                cell += '"'
                at += 1
            elif line[at + 1 : at + 2] in ("", ",") or line[at + 1 :].strip("\r") == "":
                quoted = False
            else:
                return None
        elif letter == '"' and opened:
            quoted = True
        elif letter == ",":
            found.append(cell)
            cell = ""
        else:
            cell += letter
        opened = letter == "," and not quoted
        at += 1
    return None if quoted else [*found, cell]
