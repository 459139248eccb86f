"""The table of a back-test to the letter, from a trial made by hand: two currencies, a month that ended, no price."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from alerts.alert import Stake
from billing.hours import HOUR, Month
from detectors.score import Raised
from detectors.series import Panel
from flows import show, trial_table
from flows.trial import Trial, Tried
from flows.trial_figures import figures

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
FIRST, LAST = datetime(2026, 10, 16, tzinfo=UTC), datetime(2026, 11, 15, tzinfo=UTC)
HOSTS, LOGS, SPANS = ("a", "infra_host"), ("b", "logs_ingested"), ("b", "indexed_spans")
TABLE = """\
2026-10-16 00Z to 2026-11-15 00Z: 5 injected cases, 3 series
                 cases recall prec. false  delay        caught        missed
total                5    80%   50%  0.67    2/3  1,234,517.50          0.10 EUR
                                                         7,000        50,000 KRW
by kind
 spike               2   100%   50%     -    0/0         12.50          0.00 EUR
                                                         7,000             0 KRW
 shift               2   100%  100%     -    3/3  1,234,505.00          0.10 EUR
 ramp                1     0%    0%     -      -             0        50,000 KRW
by size
 x1.3                1     0%    0%     -      -             0        50,000 KRW
 x2                  2   100%  100%     -    2/3     12,517.50          0.10 EUR
 x5                  2   100%   50%     -    2/3  1,222,000.00          0.00 EUR
                                                         7,000             0 KRW
by meter
 indexed_spans       1   100%  100%  0.00    3/3  1,222,000.00          0.00 EUR
 infra_host          2   100%  100%  0.00    2/3     12,517.50          0.10 EUR
 logs_ingested       2    50%   20%  2.00    0/0         7,000        50,000 KRW
99.9% of 1,234,517.60 EUR found in time to be claimed
12.2% of 57,000 KRW found in time to be claimed
caught: found before its month ended; what it would have added to the bill.
prec.: of the alarms, when each series has one such case in this time.
false: false alarms a series-month; 2 in 3.0 series-months.
delay: hours from the close of the first odd hour; the median, and nine in ten.
series left out, with less than four weeks of usage: 1
"""


def case(key: tuple[str, str], kind: str, times: float, delay: int | None, *stakes: tuple[Month, str, str]) -> Tried:
    start = datetime(2026, 10, 31, 20, tzinfo=UTC)
    return Tried(
        key=key,
        start=start,
        end=start + 24 * HOUR,
        kind=kind,
        times=times,
        detected=None if delay is None else start + (delay + 1) * HOUR,
        stakes=[Stake(month, Decimal(amount), currency) for month, amount, currency in stakes],
        more=(1,),
    )


def alarm(day: int) -> Raised:
    at = datetime(2026, 10, day, tzinfo=UTC)
    return Raised(*LOGS, at, at, at + HOUR, "spike")


CASES = [
    case(HOSTS, "spike", 2.0, 0, (OCTOBER, "12.50", "EUR")),
    case(HOSTS, "shift", 2.0, 3, (OCTOBER, "0.10", "EUR"), (NOVEMBER, "12505.00", "EUR")),  # October has just ended
    case(SPANS, "shift", 5.0, 3, (NOVEMBER, "1222000.00", "EUR"), (NOVEMBER, "-3.00", "EUR")),
    case(LOGS, "spike", 5.0, 0, (OCTOBER, "7000", "KRW")),
    case(LOGS, "ramp", 1.3, None, (OCTOBER, "50000", "KRW")),
]


def made(tried: list[Tried]) -> Trial:
    keys = (HOSTS, LOGS, SPANS)
    panel = Panel(keys, FIRST, np.zeros((3, 720)), np.ones((3, 720), bool))
    return Trial(FIRST, LAST, dict.fromkeys(keys, 720), tried, [alarm(18), alarm(24)], 1, 0, False, panel)


def printed(trial: Trial, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "80")
    show.out().print(*trial_table.table(trial, figures(trial)), sep="\n")
    return "".join(f"{line.rstrip()}\n" for line in capsys.readouterr().out.splitlines())


def test_the_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(made(CASES), capsys, monkeypatch) == TABLE


def test_what_has_no_price_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Tried(HOSTS, FIRST, FIRST + HOUR, "spike", 2.0, None, None, (1,))
    text = printed(made([bare]), capsys, monkeypatch)
    assert "without a price, and so in no sum: 1" in text
    assert "claimed" not in text
