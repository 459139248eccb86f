"""Makes usage.parquet, the hourly usage of the demo sample, again: same inputs and library versions, same bytes.

Inputs beside this file: series.csv (one usage type of one org a row: which background, how large, how lively) and
incidents.csv (what is planted). The backgrounds are real hourly series from the panel in the folder `shared` beside
the repository; NOTICE.md names their sources and licences.

    python deployments/sample/make_sample.py [--panel FILE] [--out DIR]
"""

import argparse
import csv
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HERE = Path(__file__).resolve().parent
PANEL = HERE.parents[1] / "../shared/data/series/panel.parquet"

HOUR = timedelta(hours=1)
EXPORTED = datetime(2026, 9, 30, 14, tzinfo=UTC)  # 10 hours before the month's end
HOURS = 75 * 24
FIRST = EXPORTED - HOURS * HOUR
MONDAY = datetime(2026, 7, 13, tzinfo=UTC)
WEEK = 168
SEED = 20260930

# The weeks of a real series that are used: a Monday, and how many weeks without a long incident follow it.
BACKGROUNDS = {
    "aiops_6efa3a07": ("2017-04-10", 8),
    "aiops_ba5f3328": ("2017-05-29", 4),
    "aiops_0efb375b": ("2016-09-12", 3),
    "aiops_301c70d8": ("2016-10-17", 5),
    "aiops_c02607e8": ("2016-08-08", 4),
    "aiops_ffb82d38": ("2017-07-10", 5),
    "ms_ecommerce-api-incoming-rps_api-01": ("2018-05-07", 8),
    "nyc_taxi": ("2014-12-01", 3),
}
CLIP = 0.2  # a background may leave its hour of the week's median by this share: natural bursts stay small

# What a vendor's data have besides incidents: org, first hour, end.
LATE = ("suslik-market", "2026-09-13T00:00:00Z", "2026-09-16T00:00:00Z")  # values come 30 to 70 hours late
GAP = ("tobol-fleet", "2026-09-06T02:00:00Z", "2026-09-06T08:00:00Z")  # no rows
NULLS = ("quill-claims", "2026-09-14T05:00:00Z", "2026-09-14T08:00:00Z")  # rows without a value
CORRECTED = ("onsaem-lab", "2026-09-08T00:00:00Z", "2026-09-09T00:00:00Z")  # by 2 %, 48 hours later


def index(time: str) -> int:
    """How many hours after FIRST an ISO time is."""
    return (datetime.fromisoformat(time) - FIRST) // HOUR


def within(span: tuple[str, str, str], org: str) -> slice:
    """The hours of a span; none of them for another org."""
    return slice(index(span[1]), index(span[2])) if span[0] == org else slice(0, 0)


def hours_of(incident: dict[str, str]) -> slice:
    return slice(index(incident["start"]), index(incident["end"]))


def randomness(*names: str) -> np.random.Generator:
    """A generator of its own for each name, so that a new series leaves the others as they are."""
    return np.random.default_rng([SEED, zlib.crc32("/".join(names).encode())])


def background(panel: pl.DataFrame, name: str) -> Floats:
    """The clean weeks of a real series, each divided by its own median; shape (weeks * 168,), around 1.

    Labelled and missing hours become the median of their hour of the week.
    """
    monday, weeks = BACKGROUNDS[name]
    start = datetime.fromisoformat(monday).replace(tzinfo=UTC)
    hours = pl.DataFrame({"hour": [start + i * HOUR for i in range(weeks * WEEK)]})
    rows = hours.join(panel.filter(pl.col("series") == name), on="hour", how="left", maintain_order="left")
    value = rows.select(pl.when(pl.col("label").fill_null(True)).then(None).otherwise("value")).to_series()
    by_week = value.cast(pl.Float64).fill_null(np.nan).to_numpy().reshape(weeks, WEEK)
    by_week = by_week / np.nanmedian(by_week, axis=1, keepdims=True)
    typical = np.nanmedian(by_week, axis=0)
    filled = np.where(np.isnan(by_week), typical, by_week)
    clipped: Floats = np.clip(filled, typical * (1 - CLIP), typical * (1 + CLIP))
    return clipped.ravel()


def month_to_date() -> Floats:
    """The shape of a counter that starts again each month and nears 1, as active committers do."""
    hours = [FIRST + i * HOUR for i in range(HOURS)]
    elapsed = np.array([((at.day - 1) * 24 + at.hour + 1) / 744 for at in hours])
    return 1 - (1 - elapsed) ** 3


def shape_of(panel: pl.DataFrame, row: dict[str, str]) -> Floats:
    """The background of a series on the sample's hours, week on week; shape (HOURS,), around 1."""
    if row["background"] == "month_to_date":
        return month_to_date()
    weeks = background(panel, row["background"])
    at = (FIRST - MONDAY) // HOUR + np.arange(HOURS) - int(row["shift_hours"])
    return 1 + float(row["swing"]) * (weeks[at % len(weeks)] - 1)


def planted(quantity: Floats, incident: dict[str, str]) -> Floats:
    """The quantities with one incident in them: times its factor; a ramp nears the factor hour by hour."""
    hours = hours_of(incident)
    extra = np.full(hours.stop - hours.start, float(incident["factor"]) - 1)
    if incident["kind"] == "ramp":
        extra *= np.arange(1, len(extra) + 1) / len(extra)
    changed = quantity.copy()
    changed[hours] *= 1 + extra
    return changed


def whole(quantity: Floats, level: int) -> Ints:
    """Whole units; large volumes to four digits of the series' level."""
    unit: int = 10 ** max(0, len(str(level)) - 4)
    return np.rint(quantity / unit).astype(np.int64) * unit


def lag(org: str) -> Ints:
    """Minutes from the start of each hour until its values were known, never after the export; shape (HOURS,)."""
    random = randomness(org, "lag")
    minutes = 60 + 5 * random.integers(12, 37, HOURS)
    late = within(LATE, org)
    minutes[late] = 60 + 5 * random.integers(30 * 12, 70 * 12, HOURS)[late]
    return np.minimum(minutes, 60 * (HOURS - np.arange(HOURS)))


def rows_of(
    series: dict[str, str], incidents: list[dict[str, str]], panel: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One series as it was first reported, and the hours that were restated later.

    Columns: the three names, `hour` and `observed_at` as hours and minutes after FIRST, `quantity`.
    """
    org, level = series["org_id"], int(series["level"])
    noise = randomness(org, series["usage_type"]).uniform(-1, 1, HOURS)
    usual = level * shape_of(panel, series) * (1 + float(series["noise"]) * noise)
    reported = usual
    for incident in incidents:
        if incident["factor"]:
            reported = planted(reported, incident)
    names = [pl.lit(series[name]).alias(name) for name in ("org_id", "product_family", "usage_type")]
    at = np.arange(HOURS)
    frame = pl.DataFrame({"hour": at, "quantity": whole(reported, level), "observed_at": 60 * at + lag(org)})
    frame = frame.select(*names, "hour", "quantity", "observed_at")

    restated = [
        frame[hours_of(incident)].with_columns(
            quantity=pl.Series(whole(usual, level)[hours_of(incident)]),
            observed_at=pl.lit(60 * index(incident["restated_at"]), pl.Int64),
        )
        for incident in incidents
        if incident["restated_at"]
    ]
    corrected = frame[within(CORRECTED, org)].with_columns(
        pl.col("quantity") * 102 // 100, pl.col("observed_at") + 48 * 60
    )
    silent = pl.col("hour").is_in(at[within(NULLS, org)].tolist())
    since = index(series["since"]) if series["since"] else 0
    first = frame.filter(pl.col("hour") >= since, ~pl.col("hour").is_in(at[within(GAP, org)].tolist()))
    return first.with_columns(pl.when(~silent).then("quantity").alias("quantity")), pl.concat([*restated, corrected])


def usage(panel: pl.DataFrame) -> pl.DataFrame:
    """Every usage row of the sample: by series and hour, then what was restated, in the order it became known."""
    incidents = read("incidents.csv")
    parts = [
        rows_of(row, [i for i in incidents if (i["org_id"], i["meter"]) == (row["org_id"], row["meter"])], panel)
        for row in read("series.csv")
    ]
    key = ["org_id", "product_family", "usage_type", "hour"]
    first = pl.concat([part[0] for part in parts]).sort(key)
    restated = pl.concat([part[1] for part in parts]).sort("observed_at", *key)
    return pl.concat([first, restated]).with_columns(
        hour=pl.lit(FIRST) + pl.duration(hours="hour"), observed_at=pl.lit(FIRST) + pl.duration(minutes="observed_at")
    )


def read(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file beside this script."""
    with (HERE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def main() -> None:
    arguments = argparse.ArgumentParser(description="Makes the usage of the demo sample again, byte for byte.")
    arguments.add_argument("--panel", type=Path, default=PANEL, help="panel.parquet (default: %(default)s)")
    arguments.add_argument("--out", type=Path, default=HERE, help="folder to write usage.parquet to")
    given = arguments.parse_args()
    panel = pl.read_parquet(given.panel).filter("may_ship")
    panel = panel.with_columns(pl.col("series").cast(pl.String), pl.col("hour").dt.replace_time_zone("UTC"))
    pq.write_table(
        usage(panel).to_arrow(compat_level=pl.CompatLevel.oldest()),
        given.out / "usage.parquet",
        compression="zstd",
        compression_level=19,
        row_group_size=1 << 20,
        use_dictionary=["org_id", "product_family", "usage_type", "quantity", "observed_at"],
        column_encoding={"hour": "DELTA_BINARY_PACKED"},
        store_schema=False,
    )


if __name__ == "__main__":
    main()
