"""The ordinary methods: each forecasts 24 hours from the hours before, [hours] without gaps.

They are an extra of the benchmark (`bench-detect`). The loess of STL and MSTL is evaluated at every second point of a
season and every 26th of a trend (statsmodels' `jump`): many times faster, the forecasts hardly change.
"""

import logging
from collections.abc import Callable
from functools import cache

import numpy as np

from billing.hours import WEEK_HOURS
from detectors.series import Floats

Forecast = Callable[[Floats], Floats]
DAY = 24
JUMPS = {"seasonal_jump": 2, "trend_jump": 26, "low_pass_jump": 26}
S_H_ESD_HOURS = 14 * DAY


def hour_of_week(values: Floats) -> Floats:
    """The median of the same hours of the weeks before."""
    weeks = values[len(values) % WEEK_HOURS :].reshape(-1, WEEK_HOURS)
    return np.median(weeks, axis=0)[:DAY]


def stl(values: Floats, period: int) -> Floats:
    """The last cycle again, on the last trend."""
    from statsmodels.tsa.seasonal import STL

    parts = STL(values, period, robust=True, **JUMPS).fit()
    return parts.trend[-1] + parts.seasonal[-period:][:DAY]


def mstl(values: Floats) -> Floats:
    from statsmodels.tsa.seasonal import MSTL

    parts = MSTL(values, periods=(DAY, WEEK_HOURS), stl_kwargs=JUMPS).fit()
    daily, weekly = parts.seasonal[:, 0], parts.seasonal[:, 1]
    return parts.trend[-1] + daily[-DAY:] + weekly[-WEEK_HOURS:][:DAY]


def s_h_esd(values: Floats) -> Floats:
    """Twitter's, made causal: a robust season of the last fortnight on its median."""
    from statsmodels.tsa.seasonal import STL

    recent = values[-S_H_ESD_HOURS:]
    return np.median(recent) + STL(recent, DAY, robust=True, **JUMPS).fit().seasonal[-DAY:]


def statsforecast_mstl(values: Floats) -> Floats:
    """With its own AutoETS for the trend."""
    from statsforecast.models import MSTL

    return MSTL(season_length=[DAY, WEEK_HOURS], stl_kwargs=JUMPS).forecast(values, DAY)["mean"]


def prophet(values: Floats) -> Floats:
    """Daily and weekly seasons; no samples of the uncertainty, which are not needed."""
    import pandas as pd

    model = _prophet()(daily_seasonality=True, weekly_seasonality=True, yearly_seasonality=False, uncertainty_samples=0)
    hours = pd.date_range("2026-01-05", periods=len(values) + DAY, freq="h")
    model.fit(pd.DataFrame({"ds": hours[:-DAY], "y": values}))
    return model.predict(pd.DataFrame({"ds": hours[-DAY:]}))["yhat"].to_numpy()


@cache
def _prophet() -> type:
    logging.getLogger("prophet.plot").disabled = True  # says that plotly is not there
    from prophet import Prophet

    logging.getLogger("cmdstanpy").disabled = True  # says when each fit begins and ends
    return Prophet


PEERS: dict[str, Forecast] = {
    "hour-of-week median": hour_of_week,
    "S-H-ESD style": s_h_esd,
    "statsmodels STL 24": lambda values: stl(values, DAY),
    "statsmodels STL 168": lambda values: stl(values, WEEK_HOURS),
    "statsmodels MSTL": mstl,
    "statsforecast MSTL": statsforecast_mstl,
    "Prophet": prophet,
}
