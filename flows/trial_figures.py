"""What a trial of detection came to: in all, by kind, by size and by meter."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from billing.hours import iso
from billing.money import round_money
from detectors.injection import SHAPES, TIMES
from detectors.score import Label, Raised, Score, delay, false_alarms, summary
from flows.trial import Asked, Trial, Tried

TOTAL, KIND, SIZE, METER = "total", "kind", "size", "meter"
Money = Mapping[str, Decimal]  # per currency


@dataclass(frozen=True)
class Figures:
    """Of one group. `of`: which kind, size or meter. cases: None where alarms are grouped and not what was to be found.

    false: None where injected cases are grouped, which raise no false alarms. unpriced: cases without a price.
    """

    by: str
    of: str
    cases: int | None
    found: int
    false: int | None
    score: Score
    caught: Money
    missed: Money
    unpriced: int


def figures(trial: Trial) -> list[Figures]:
    """In all; by kind; by size, of injected cases; by meter."""
    return list(_labelled(trial) if trial.labelled else _injected(trial))


def _injected(trial: Trial) -> Iterator[Figures]:
    """Of injected cases the kind and size are known, of false alarms the series."""
    false_of = Counter(alarm.key for alarm in trial.raised)

    def row(by: str, of: str, tried: Sequence[Tried], hours: int, false: int | None) -> Figures:
        """A case lies in a copy of its series, beside the series' own false alarms: precision is that of the copies."""
        found = sum(one.detected is not None for one in tried)
        alarms = found + sum(false_of[one.key] for one in tried)
        return _figures(by, of, tried, false, summary(_delays(tried), (found, alarms), false or 0, hours))

    yield row(TOTAL, "", trial.tried, sum(trial.judged.values()), len(trial.raised))
    for kind in dict.fromkeys(shape for shape, _ in SHAPES):
        yield row(KIND, kind, [one for one in trial.tried if one.kind == kind], 0, None)
    for times in TIMES:
        yield row(SIZE, f"x{times:g}", [one for one in trial.tried if one.times == times], 0, None)
    for meter, hours in _meters(trial).items():
        false = sum(alarm.meter == meter for alarm in trial.raised)
        yield row(METER, meter, [one for one in trial.tried if one.key[1] == meter], hours, false)


def _labelled(trial: Trial) -> Iterator[Figures]:
    """Of alarms the kind is known; a label has none."""

    def row(by: str, of: str, tried: Sequence[Tried], raised: Sequence[Raised], hours: int) -> Figures:
        false = len(false_alarms(raised, labels))
        counted = summary(_delays(tried), (len(raised) - false, len(raised)), false, hours)
        return _figures(by, of, tried, false, counted)

    labels = [Label(*one.key, one.start, one.end) for one in trial.tried]
    hours = sum(trial.judged.values())
    yield row(TOTAL, "", trial.tried, trial.raised, hours)
    for kind in sorted({alarm.kind for alarm in trial.raised}):
        by_it = [one for one in trial.tried if one.kind == kind]
        found = row(KIND, kind, by_it, [alarm for alarm in trial.raised if alarm.kind == kind], hours)
        yield replace(found, cases=None, score=replace(found.score, recall=None))
    for meter, of_meter in _meters(trial).items():
        tried = [one for one in trial.tried if one.key[1] == meter]
        yield row(METER, meter, tried, [alarm for alarm in trial.raised if alarm.meter == meter], of_meter)


def _figures(by: str, of: str, tried: Sequence[Tried], false: int | None, score: Score) -> Figures:
    return Figures(
        by=by,
        of=of,
        cases=len(tried),
        found=sum(one.detected is not None for one in tried),
        false=false,
        score=score,
        caught=_sum([one.caught for one in tried]),
        missed=_sum([one.missed for one in tried]),
        unpriced=sum(one.stakes is None for one in tried),
    )


def _delays(tried: Sequence[Tried]) -> list[float | None]:
    return [None if one.detected is None else delay(one.start, one.detected) for one in tried]


def _meters(trial: Trial) -> dict[str, int]:
    """meter -> the hours judged of its series."""
    return {
        meter: sum(hours for key, hours in trial.judged.items() if key[1] == meter)
        for meter in sorted({meter for _, meter in trial.judged})
    }


def _sum(amounts: Sequence[Money]) -> Money:
    return {
        currency: round_money(sum((amount.get(currency, Decimal(0)) for amount in amounts), Decimal(0)), currency)
        for currency in sorted({currency for amount in amounts for currency in amount})
    }


def document(trial: Trial, asked: Asked) -> dict[str, Any]:
    """As JSON: money as exact decimals in text, rates and delays as numbers."""
    injection = None if trial.labelled else {"cases_per_series": asked.each, "seed": asked.seed}
    return {
        "from": iso(trial.first),
        "to": iso(trial.last),
        "injection": injection,
        "series": len(trial.judged),
        "series_left_out": trial.young,
        "labels_left_out": trial.outside,
        "rows": [_row(row) for row in figures(trial)],
        "cases": [_case(one) for one in trial.tried],
        "alarms": [
            {"org_id": a.org_id, "meter": a.meter, "kind": a.kind, "first_hour": iso(a.first_hour)}
            | {"last_hour": iso(a.last_hour), "detected_at": iso(a.detected_at)}
            for a in trial.raised
        ],
    }


def _row(row: Figures) -> dict[str, Any]:
    return {
        "by": row.by,
        "of": row.of,
        "cases": row.cases,
        "found": row.found,
        "false_alarms": row.false,
        **asdict(row.score),
        "money": [_money(currency, row.caught[currency], row.missed[currency]) for currency in row.caught],
        "unpriced": row.unpriced,
    }


def _case(one: Tried) -> dict[str, Any]:
    return {
        "org_id": one.key[0],
        "meter": one.key[1],
        "kind": one.kind or None,
        "times": one.times,
        "start": iso(one.start),
        "end": iso(one.end),
        "detected_at": None if one.detected is None else iso(one.detected),
        "money": [_money(currency, one.caught[currency], one.missed[currency]) for currency in one.caught],
        "unpriced": one.stakes is None,
    }


def _money(currency: str, caught: Decimal, missed: Decimal) -> dict[str, str]:
    return {"currency": currency, "caught": f"{caught:f}", "missed": f"{missed:f}"}
