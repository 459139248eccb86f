"""The store in figures for Prometheus, counted when they are asked for."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0 as TYPE
from prometheus_client.registry import Collector
from sqlalchemy import Table, func, select
from sqlalchemy.engine import Connection

from alerts import cycles, store, tables
from alerts.health import ailments

__all__ = ["TYPE", "exposition"]


def exposition(connection: Connection, at: datetime) -> bytes:
    """The text that Prometheus reads, of media type TYPE."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Counted(list(_metrics(connection, at))))
    return generate_latest(registry)


class _Counted(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _metrics(connection: Connection, at: datetime) -> Iterator[Metric]:
    ill = len(list(ailments(connection, at)))
    yield GaugeMetricFamily("floodmark_ailments", "What is wrong with the watch, as /healthz says.", ill)
    if mark := store.judged(connection):
        what = "Up to when usage has been judged."
        yield GaugeMetricFamily("floodmark_judged_upto_timestamp_seconds", what, mark.upto.timestamp())
    for last in cycles.latest(connection, 1):
        yield GaugeMetricFamily("floodmark_cycle_timestamp_seconds", "The last cycle's clock.", last.at.timestamp())
        yield GaugeMetricFamily("floodmark_cycle_failures", "What failed in the last cycle.", len(last.failures))
        yield GaugeMetricFamily("floodmark_concerns", "What needed a person then.", len(last.concerns))
        yield GaugeMetricFamily("floodmark_skipped_series", "Series it could not judge.", last.skipped_series)
    yield _by_state(connection, tables.alerts, "floodmark_alerts", "Alerts.")
    yield _by_state(connection, tables.tickets, "floodmark_tickets", "Tickets.")
    yield _by_state(connection, tables.deliveries, "floodmark_deliveries", "Messages of the outbox.")
    bad = connection.scalar(select(func.count()).select_from(tables.quarantine)) or 0
    yield GaugeMetricFamily("floodmark_quarantined_rows", "Rows of usage that were refused.", bad)


def _by_state(connection: Connection, table: Table, name: str, what: str) -> Metric:
    family = GaugeMetricFamily(name, what, labels=["state"])
    for state, count in connection.execute(select(table.c.state, func.count()).group_by(table.c.state)):
        family.add_metric([state], count)
    return family
