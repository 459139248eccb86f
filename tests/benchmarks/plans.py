"""The plans that race: each reads a data set's months and answers the same question (question.py) its own way.

A plan prepares what does not depend on the usage, then hands back the work that is measured.
"""

from collections.abc import Callable

import polars as pl

from billing.frames import CELLS
from tests.benchmarks import ours
from tests.benchmarks.dataset import RULES, DataSet
from tests.benchmarks.question import ADDITIVE, OVERAGES, Quantities, lines_and_series, quantities

Answer = Callable[[], list[Quantities]]  # of every month; what the work found, brought into one form, unmeasured
Work = Callable[[], Answer]


def nothing_found() -> list[Quantities]:
    return []


def floor_of_lake(data: DataSet) -> Work:
    from deltalake import DeltaTable

    files = DeltaTable(f"{data.lake.uri}/usage").file_uris()
    return _read(pl.scan_parquet(files, glob=False, hive_partitioning=False).select(CELLS.names()))


def floor_of_source(data: DataSet) -> Work:
    return _read(data.usage())


def _read(scan: pl.LazyFrame) -> Work:
    """Every page of every column decoded, and next to nothing done with it: the cheapest of what was tried."""

    def work() -> Answer:
        scan.select(pl.all().null_count()).collect(engine="streaming")
        return nothing_found

    return work


def duckdb(data: DataSet) -> Work:
    """Integer series, sorted; one pass sums the lines, those that must be by the hour, then the top few hours of those.

    The fastest of those in docs/performance.md, "What DuckDB was tried with".
    """
    import duckdb as engine

    connection = engine.connect()
    ids = pl.read_parquet(data.narrow / "series.parquet")
    asked = []
    for month in data.months:
        lines, series = lines_and_series(data.book, RULES.catalog, month)
        known = series.join(ids, on=["org_id", "product_family", "usage_type"])
        connection.register("lines", lines)
        connection.register("known", known.select("series", "line", "first", "until"))
        tag = f"{month}".replace("-", "_")
        connection.execute(f"CREATE TABLE lines_{tag} AS FROM lines")
        connection.execute(
            f"CREATE TABLE series_{tag} AS FROM known JOIN (SELECT line, by_hour FROM lines) USING (line)"
        )
        whole = known.select(((pl.col("first") == 0) & (pl.col("until") == month.hours)).all()).item()
        asked.append((_sql(str(data.narrow / f"{month}.parquet"), tag, lines, whole), lines))

    def work() -> Answer:
        found = [(connection.execute(sql).fetchall(), lines) for sql, lines in asked]
        return lambda: [
            quantities(pl.DataFrame(rows, {"line": pl.Int32, "found": pl.Int128}, orient="row"), lines)
            for rows, lines in found
        ]

    return work


def _sql(file: str, tag: str, lines: pl.DataFrame, whole: bool) -> str:
    """One month's query. `whole`: every contract covers the month, so that no hour has to be looked at."""
    covered = "" if whole else "AND hour >= first AND hour < until"
    most = lines["from_top"].max()
    return f"""
    WITH hourly AS MATERIALIZED (
        SELECT line, CASE WHEN by_hour THEN hour ELSE 0 END AS hour, sum_no_overflow(quantity) AS x
        FROM '{file}' JOIN series_{tag} USING (series) WHERE quantity IS NOT NULL {covered} GROUP BY ALL
    )
    SELECT line, sum(x) AS found FROM hourly
    JOIN (SELECT line FROM lines_{tag} WHERE rollup IN {ADDITIVE}) USING (line) GROUP BY line
    UNION ALL
    SELECT line, coalesce(max(x, {most})[any_value(from_top)], 0) FROM hourly
    JOIN (SELECT line, from_top FROM lines_{tag} WHERE rollup = 'p99') USING (line) GROUP BY line
    UNION ALL
    SELECT line, max(x) FROM hourly JOIN (SELECT line FROM lines_{tag} WHERE rollup = 'max') USING (line) GROUP BY line
    UNION ALL
    SELECT child.line, sum(greatest(child.x * scale - greatest(coalesce(up.x, 0) * each + own, least), 0))
    FROM (SELECT * FROM hourly JOIN (SELECT * FROM lines_{tag} WHERE rollup IN {OVERAGES}) USING (line)) AS child
    LEFT JOIN hourly AS up ON up.line = child.parent AND up.hour = child.hour GROUP BY child.line
    """


def polars(data: DataSet) -> Work:
    """What one writes first: join, group by line and hour, group by line; text ids, the vendor's own files."""
    asked = []
    for month in data.months:
        lines, series = lines_and_series(data.book, RULES.catalog, month)
        offset = (pl.col("hour") - month.start).dt.total_hours().cast(pl.Int16)
        hourly = (
            data.usage_of(month)
            .filter(pl.col("quantity").is_not_null())
            .join(series.lazy(), on=["org_id", "product_family", "usage_type"])
            .with_columns(hour=offset)
            .filter(pl.col("hour").is_between("first", "until", closed="left"))
            .group_by("line", "hour")
            .agg(x=pl.col("quantity").cast(pl.Int128).sum())
        )
        asked.append((_rolled_up(hourly, lines.lazy()), lines))

    def work() -> Answer:
        found = [(query.collect(), lines) for query, lines in asked]
        return lambda: [quantities(rows, lines) for rows, lines in found]

    return work


def _rolled_up(hourly: pl.LazyFrame, lines: pl.LazyFrame) -> pl.LazyFrame:
    x, rollup = pl.col("x"), pl.col("rollup").first()
    parent = hourly.select(parent="line", hour="hour", parent_x="x")
    free = pl.max_horizontal(pl.col("parent_x").fill_null(0) * pl.col("each") + pl.col("own"), pl.col("least"))
    over = (x * pl.col("scale") - free).clip(lower_bound=0)
    top = x.sort(descending=True).get(pl.col("from_top").first() - 1, null_on_oob=True).fill_null(0)
    found = (
        pl.when(rollup == "p99").then(top).when(rollup == "max").then(x.max())
        .when(rollup.is_in(OVERAGES)).then(over.sum()).otherwise(x.sum())
    )  # fmt: skip
    whole = hourly.join(lines, on="line").join(parent, on=["parent", "hour"], how="left")
    return whole.group_by("line").agg(found=found)


def floodmark(data: DataSet) -> Work:
    """Ours, from the lake."""
    lake, book = data.lake, data.book

    def work() -> Answer:
        found = [ours.quantities(lake, book, RULES, month) for month in data.months]
        return lambda: found

    return work


PLANS: dict[str, Callable[[DataSet], Work]] = {
    "floor of the lake": floor_of_lake,
    "floor of the source": floor_of_source,
    "duckdb": duckdb,
    "polars": polars,
    "floodmark": floodmark,
}
