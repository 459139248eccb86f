"""A Delta table that is written one whole commit after the other.

A commit is one atomic file in the table's log: a killed process or a full disk leaves the previous state.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import polars as pl
import pyarrow as pa
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import CommitFailedError, DeltaError
from polars.exceptions import PolarsError

from billing.errors import WorldError

ROW_GROUP = 100_000  # small ones make a few series cheap to read
NEXT_OR_NOT = CommitProperties(max_commit_retries=0)  # as the very next version, or not at all
NO_CLEANING = PostCommitHookProperties(cleanup_expired_logs=False)  # of old logs: that is left to replace
Where = Sequence[tuple[str, str, str]]  # conditions on the partitions: ("month", ">=", "2026-10")


@dataclass
class Delta:
    """`uri`: a directory or an object-store URL; `storage`: options for the latter. Partitions are text columns.

    The log that was read once is read on, not again.
    """

    uri: str
    schema: pl.Schema
    partitions: tuple[str, ...] = ()
    storage: Mapping[str, str] | None = None
    _table: DeltaTable | None = field(default=None, init=False, repr=False)

    @property
    def exists(self) -> bool:
        with reachable(self.uri):
            return self._table is not None or DeltaTable.is_deltatable(self.uri, self._options)

    def open(self) -> DeltaTable:
        """The table at its newest version."""
        with reachable(self.uri):
            if self._table is None:
                self._table = DeltaTable(self.uri, storage_options=self._options)
            else:
                self._table.update_incremental()
        return self._table

    def create_or_open(self) -> DeltaTable:
        if self.exists:
            return self.open()
        stored = pl.Schema({**self.schema, **dict.fromkeys(self.partitions, pl.String())})
        arrow = stored.to_frame().to_arrow().schema
        with reachable(self.uri):
            self._table = DeltaTable.create(
                self.uri, arrow, mode="ignore", partition_by=list(self.partitions), storage_options=self._options
            )
        return self._table

    def files(self, table: DeltaTable, where: Where = ()) -> list[str]:
        """Of the partitions that fulfil `where`."""
        with reachable(self.uri):
            files = table.file_uris(file_pruning_predicate=list(where) or None)
        return files if "://" in self.uri else [unquote(file) for file in files]

    def scan(self, table: DeltaTable, where: Where = ()) -> pl.LazyFrame:
        """The rows of the partitions that fulfil `where`, without the partitions' columns."""
        files = self.files(table, where)
        if not files:
            return self.schema.to_frame().lazy()
        frame = pl.scan_parquet(files, glob=False, hive_partitioning=False, storage_options=self._options)
        return frame.select(self.schema.names())

    def append(self, table: DeltaTable, rows: pl.DataFrame) -> bool:
        """Commit as the very next version; False when somebody else was first."""
        return self._commit(table, rows, mode="append", post_commithook_properties=NO_CLEANING)

    def replace(self, table: DeltaTable, rows: pa.RecordBatchReader, predicate: str) -> bool:
        """Put `rows` in the place of the partitions that `predicate` names; False when somebody else was first."""
        return self._commit(table, rows, mode="overwrite", predicate=predicate)

    @property
    def _options(self) -> dict[str, str] | None:
        return dict(self.storage) if self.storage else None

    def _commit(self, table: DeltaTable, rows: pl.DataFrame | pa.RecordBatchReader, **how: Any) -> bool:
        try:
            write_deltalake(table, rows, commit_properties=NEXT_OR_NOT, writer_properties=self._properties, **how)
        except CommitFailedError:
            return False
        except (DeltaError, OSError) as error:
            what = f"the lake {self.uri} could not be written, and is as it was: {_words(error)}"
            raise WorldError(what) from error
        return True

    @property
    def _properties(self) -> WriterProperties:
        """Sorted integers and times are differences that hardly take any room, and are read fastest so."""
        differences = ColumnProperties(dictionary_enabled=False, encoding="DELTA_BINARY_PACKED")
        numbers = [name for name, type_ in self.schema.items() if type_ != pl.String]
        return WriterProperties(
            compression="ZSTD",
            compression_level=3,
            max_row_group_size=ROW_GROUP,
            column_properties=dict.fromkeys(numbers, differences),
        )


@contextmanager
def reachable(uri: str) -> Iterator[None]:
    """What goes wrong in the Delta library or on the way to the files, a panic of its included, is a WorldError."""
    try:
        yield
    except (DeltaError, OSError, PolarsError) as error:
        raise WorldError(f"the lake {uri} cannot be read: {_words(error)}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise WorldError(f"the lake {uri} cannot be read: its log is damaged") from error


def _words(error: Exception) -> str:
    """What the library says, without colours, on one line."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())
