"""A data set for the benchmark, made ready once: the usage in a lake, and in the files that DuckDB reads fastest."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from billing import catalog
from billing.bill import Rules
from billing.book import Book
from billing.book_files import read_book
from billing.frames import KEY, TIME, USAGE
from billing.hours import DAY, HOUR, Month
from billing.lake import Lake

RULES = Rules(catalog.load())
NARROW = {"series": pl.Int32, "hour": pl.Int16, "quantity": pl.Int64}


@dataclass(frozen=True)
class DataSet:
    """`source`: a directory with `book/` and, in Parquet files, `usage/`. `ready`: what is made of it here."""

    source: Path
    ready: Path

    @cached_property
    def book(self) -> Book:
        return read_book(self.source / "book", RULES.catalog)

    @property
    def lake(self) -> Lake:
        return Lake(str(self.ready / "lake"))

    @property
    def narrow(self) -> Path:
        """`YYYY-MM.parquet` with the columns NARROW, sorted by series and hour, and `series.parquet` to name them."""
        return self.ready / "narrow"

    @property
    def months(self) -> list[Month]:
        return [Month.parse(path.stem) for path in sorted(self.narrow.glob("????-??.parquet"))]

    def usage(self) -> pl.LazyFrame:
        """The rows of the source's files: KEY and quantity."""
        files = sorted((self.source / "usage").rglob("*.parquet"))
        return pl.scan_parquet(files).select(*KEY[:-1], pl.col("hour").cast(TIME), "quantity")

    def usage_of(self, month: Month) -> pl.LazyFrame:
        return self.usage().filter(pl.col("hour").is_between(month.start, month.end, closed="left"))

    def prepare(self) -> None:
        """Fill `ready`, unless an earlier run did."""
        done = self.ready / "done"
        if done.exists():
            return
        first, last = self.usage().select(first=pl.col("hour").min(), last=pl.col("hour").max()).collect().row(0)
        months = list(_months(Month.of(first), Month.of(last)))
        self.narrow.mkdir(parents=True, exist_ok=True)
        series = self.usage().select(KEY[:-1]).unique().collect(engine="streaming").sort(KEY[:-1])
        series = self._by_customer(series).with_row_index("series").with_columns(pl.col("series").cast(pl.Int32))
        series.write_parquet(self.narrow / "series.parquet")
        for month in months:
            self._write_narrow(month, series)
            self._load(month)
        done.touch()

    def _by_customer(self, series: pl.DataFrame) -> pl.DataFrame:
        """A customer's series side by side, a type's series together: what a bill adds up lies in one place."""
        customers = {org.org_id: org.customer_id for org in self.book.orgs.values()}
        customer = pl.col("org_id").replace_strict(customers, default=None, return_dtype=pl.String)
        return series.sort(customer, "product_family", "usage_type", "org_id")

    def _write_narrow(self, month: Month, series: pl.DataFrame) -> None:
        hour = (pl.col("hour") - month.start).dt.total_hours()
        named = self.usage_of(month).join(series.lazy(), on=KEY[:-1])
        rows = named.select("series", hour.alias("hour"), "quantity").cast(NARROW).sort("series", "hour").collect()
        if rows.select(twice=pl.struct("series", "hour").rle_id().max() + 1 < pl.len()).item():
            raise SystemExit(f"{self.source}: a key stands twice in {month}; the plans want each hour once")
        rows.write_parquet(self.narrow / f"{month}.parquet", compression="zstd", compression_level=3)

    def _load(self, month: Month) -> None:
        """Into the lake a day at a time, as a backfill would."""
        for start in (month.start + i * DAY for i in range(month.days)):
            day = self.usage().filter(pl.col("hour").is_between(start, start + DAY, closed="left"))
            rows = day.with_columns(observed_at=pl.lit(None, TIME)).select(USAGE.names()).collect()
            self.lake.put(rows, start + DAY + HOUR)
        self.lake.compact(str(month))


def _months(first: Month, last: Month) -> Iterator[Month]:
    while first <= last:
        yield first
        first = first.next
