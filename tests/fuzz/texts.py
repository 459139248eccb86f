"""Usage files in text, good ones and hostile ones, drawn at random."""

import json
from random import Random

from tests.fuzz.hostile import JSON_VALUES, QUANTITIES, TEXTS, TIMES, cell

COLUMNS = ["org_id", "product_family", "usage_type", "hour", "quantity"]


def csv_text(random: Random) -> str:
    """A CSV file of a few rows: columns in any order, quotes and line ends of any habit."""
    danger = random.choice((0.0, 0.05, 0.3))
    columns = COLUMNS + random.choice(([], ["observed_at"], ["observed_at", "remark"], ["org_id"] if danger else []))
    random.shuffle(columns)
    if random.random() < danger / 5:
        columns[random.randrange(len(columns))] = random.choice(TEXTS)
    lines = [",".join(columns)]
    quotes, end = random.choice((0.0, 0.1, 1.0)), random.choice(("\n", "\n", "\r\n", "\r"))
    for _ in range(random.randint(0, 12)):
        row = dict(zip(COLUMNS, usage_cells(random, danger), strict=True))
        row |= {"observed_at": cell(random, TIMES, "", danger), "remark": cell(random, TEXTS, "fine", danger)}
        cells = [quoted(row.get(column, "?"), random, quotes) for column in columns]
        if random.random() < danger / 3:
            cells = random.choice((cells[:-1], [*cells, "more"], [], ['"' + cells[0]]))
        lines.append(",".join(cells))
    return end.join(lines) + random.choice((end, "", end * 3))


def usage_cells(random: Random, danger: float) -> list[str]:
    """org, family, type, hour, quantity; each hostile now and then."""
    hour = f"2026-{random.randint(1, 12):02}-{random.randint(1, 28):02}T{random.randint(0, 23):02}:00:00Z"
    count = str(random.choice((random.randint(0, 99), random.randint(0, 2**63 - 1), "")))
    ids = (f"o{random.randint(0, 3)}", random.choice(("infra_hosts", "logs")), random.choice(("host_count", "bytes")))
    usual = [cell(random, TEXTS, one, danger / 2) for one in ids]
    return [*usual, cell(random, TIMES, hour, danger), cell(random, QUANTITIES, count, danger)]


def quoted(text: str, random: Random, chance: float) -> str:
    if random.random() < chance or (any(letter in text for letter in ',"\n') and random.random() < 0.8):
        return '"' + text.replace('"', '""') + '"'
    return text


def json_text(random: Random) -> str:
    """A body, a list of bodies or JSON lines."""
    danger = random.choice((0.0, 0.05, 0.3))
    bodies = [body(random, danger) for _ in range(random.randint(1, 3))]
    shape = random.randrange(3)
    if shape == 0:
        return bodies[0]
    return "[" + ",".join(bodies) + "]" if shape == 1 else random.choice(("\n", "", " \r\n\t")).join(bodies)


def body(random: Random, danger: float) -> str:
    records = ",".join(record(random, danger) for _ in range(random.randint(0, 4)))
    members = [f'"data":[{records}]', '"meta":{"pagination":{"next_record_id":null}}']
    if random.random() < danger / 5:
        members.append(random.choice(('"data":[]', '"errors":["no"]', '"errors":[]', '"d\\u0061ta":[]')))
    return "{" + ",".join(members) + "}"


def record(random: Random, danger: float) -> str:
    measurements = ",".join(measurement(random, danger) for _ in range(random.randint(0, 3)))
    org, family, _, hour, _ = usage_cells(random, danger)
    attributes = {"public_id": org, "product_family": family, "timestamp": hour, "org_name": "n"}
    members = [f'"{name}":{json_cell(random, value, danger / 3)}' for name, value in attributes.items()]
    members.append(f'"measurements":{cell(random, JSON_VALUES, f"[{measurements}]", danger / 5)}')
    if random.random() < danger / 3:
        random.shuffle(members)
        members = members[random.randint(0, 1) :] + members[: random.randint(0, 1)]
    kind = cell(random, ["null", '"other"', "1"], '"usage_timeseries"', danger / 5)
    return f'{{"type":{kind},"id":"1","attributes":{{{",".join(members)}}}}}'


def measurement(random: Random, danger: float) -> str:
    *_, kind, _, count = usage_cells(random, danger)
    value = cell(random, JSON_VALUES, count if count.isdecimal() and count.isascii() else "null", danger)
    return f'{{"usage_type":{json_cell(random, kind, danger / 3)},"value":{value}}}'


def json_cell(random: Random, text: str, danger: float) -> str:
    return cell(random, JSON_VALUES, json.dumps(text, ensure_ascii=random.random() < 0.5), danger)
