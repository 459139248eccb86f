"""Usage and bills from the vendor's API, through the vendor's own client.

The client waits and tries again: after 429 as long as X-RateLimit-Reset says, after a 5xx or a broken connection
ever longer. For several orgs hourly_usage answers at most 24 hours a request, in pages of at most 500 records.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from billing.errors import InputError, WorldError
from billing.hours import DAY, HOUR, Month, floor_hour, iso, utc
from billing.sources.bodies import decode, from_body, vendor_message
from billing.sources.read import Read, joined

if TYPE_CHECKING:
    from datadog_api_client import ApiClient
    from datadog_api_client.v2.api.usage_metering_api import UsageMeteringApi

_REFUSALS = {
    400: "Check product_families, and that the keys belong to the parent or partner admin org.",
    401: "Check DD_API_KEY and DD_APP_KEY, and that api_url is the site they belong to.",
    403: "The keys need usage_read and billing_read; check also that api_url is the site they belong to.",
    404: "Check that api_url is a site of the vendor, such as https://api.datadoghq.eu.",
}
_AGAIN = "It is safe to run this again later."


@dataclass(frozen=True)
class Window:
    """The hours in [start, end), at most 24."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{iso(self.start)} to {iso(self.end)}"


def windows(start: datetime, end: datetime) -> Iterator[Window]:
    """The whole hours in [start, end) in pieces of 24 from the start on; the last one may be shorter."""
    begin, end = floor_hour(start), floor_hour(end)
    while begin < end:
        yield Window(begin, min(begin + DAY, end))
        begin += DAY


@dataclass(frozen=True)
class Datadog:
    """The hourly usage of every org that the keys can see: child orgs, and with `connected_accounts` partners' too.

    A row becomes known now if its hour ended in the `trailing_days` before now. An older one counts as known at its
    hour's end (null): a late backfill does not say when the vendor knew. `timeout` is in seconds, for one request;
    before retry n > 1 it waits `backoff * 2 ** (n - 1)` seconds unless the vendor says how long.
    """

    api_url: str
    api_key: str = field(repr=False)
    app_key: str = field(repr=False)
    product_families: str = "all"
    connected_accounts: bool = True
    trailing_days: int = 4
    page_limit: int = 500
    retries: int = 5
    timeout: float = 60.0
    backoff: float = 1.0

    def fetch(self, start: datetime, end: datetime, now: datetime) -> Iterator[Read]:
        """Usage of the hours in [start, end): for each 24 h, or what is left of them, one Read with all its pages.

        Raises WorldError when the vendor does not give a window whole, naming the window, why, and what to do.
        """
        from datadog_api_client.v2.api.usage_metering_api import UsageMeteringApi

        with self._client() as client:
            api = UsageMeteringApi(client)  # type: ignore[no-untyped-call]  # the client has no type here
            for window in windows(start, end):
                yield self._window(api, window, utc(now))

    def bills(self, month: Month, *, final: bool) -> list[Any]:
        """The decoded bodies of the month's billable-summary and of its cost by org: historical_cost once it is final.

        Raises WorldError, naming what was asked for, why it was not given, and what to do.
        """
        from datadog_api_client.v1.api.usage_metering_api import UsageMeteringApi as FirstApi
        from datadog_api_client.v2.api.usage_metering_api import UsageMeteringApi

        with self._client() as client:
            api = UsageMeteringApi(client)  # type: ignore[no-untyped-call]  # the client has no type here
            cost = api.get_historical_cost_by_org if final else api.get_estimated_cost_by_org
            summary = FirstApi(client).get_usage_billable_summary  # type: ignore[no-untyped-call]
            asked: dict[str, Callable[[], Any]] = {
                "billable-summary": lambda: summary(
                    month=month.start, include_connected_accounts=self.connected_accounts
                ),
                "historical_cost" if final else "estimated_cost": lambda: cost(
                    start_month=month.start, view="sub-org", include_connected_accounts=self.connected_accounts
                ),
            }
            return [self._ask(call, f"{name} {month}") for name, call in asked.items()]

    def _client(self) -> "ApiClient":
        from datadog_api_client import ApiClient, Configuration
        from datadog_api_client.rest import ClientRetry

        class Verbatim(ApiClient):
            """Hands out the vendor's own words: the client's models pass over what they do not know."""

            def deserialize(self, response_data: str, *_: Any, **__: Any) -> str:
                return response_data

        return Verbatim(
            Configuration(  # type: ignore[no-untyped-call]  # the client has no type here
                host=self.api_url.rstrip("/"),
                api_key={"apiKeyAuth": self.api_key, "appKeyAuth": self.app_key},
                request_timeout=self.timeout,
                # The client's own policy but for redirects: they would carry the keys to another host.
                retry_policy=ClientRetry(total=self.retries, redirect=False, backoff_factor=self.backoff),
            )
        )

    def _window(self, api: "UsageMeteringApi", window: Window, now: datetime) -> Read:
        pages: list[Read] = []
        records = 0
        cursor = ""
        seen: set[str] = set()
        while cursor not in seen:
            seen.add(cursor)
            body = self._page(api, window, cursor)
            try:
                pages.append(from_body(body, f"datadog {window}", records, now))
            except InputError as wrong:
                raise self._failed(str(window), wrong.faults[0].what) from None
            records += len(body["data"])
            cursor = _next_record_id(body)
            if not cursor:
                return _dated(joined(pages), now - self.trailing_days * DAY)
        raise self._failed(str(window), f"the vendor sends page {cursor!r} round and round")

    def _page(self, api: "UsageMeteringApi", window: Window, cursor: str) -> Any:
        """One decoded page; the first for an empty cursor."""
        from datadog_api_client.model_utils import unset

        def call() -> Any:
            return api.get_hourly_usage(
                window.start,
                self.product_families,
                filter_timestamp_end=window.end,
                filter_include_descendants=True,
                filter_include_connected_accounts=self.connected_accounts,
                page_limit=self.page_limit,
                page_next_record_id=cursor or unset,
            )

        return self._ask(call, str(window))

    def _ask(self, call: Callable[[], Any], where: str) -> Any:
        """The decoded body that a call of the client brings. Raises WorldError."""
        from datadog_api_client.exceptions import ApiException, OpenApiException
        from urllib3.exceptions import HTTPError

        try:
            text = call()
        except ApiException as refused:
            what = f"HTTP {refused.status}: {vendor_message(refused.body)}"
            raise self._failed(where, what, refused.status) from None
        except HTTPError as unanswered:
            raise self._failed(where, f"no answer from {self.api_url}: {unanswered}") from None
        except (OpenApiException, ValueError, LookupError):
            # What the client says here may quote a key.
            what = "the request could not be made; check the keys, api_url and product_families for stray characters."
            raise WorldError(f"datadog {where}: {what}", permanent=True) from None
        try:
            (body,) = decode(text)
        except ValueError as wrong:
            raise self._failed(where, f"an answer of {len(text)} characters is not whole JSON: {wrong}") from None
        return body

    def _failed(self, where: str, what: str, status: int = 0) -> WorldError:
        for key in filter(None, (self.api_key, self.app_key)):
            what = what.replace(key, "***")
        return WorldError(f"datadog {where}: {what}. {_REFUSALS.get(status, _AGAIN)}", permanent=status in _REFUSALS)


def _next_record_id(body: Any) -> str:
    """The cursor of the next page; empty after the last one, where it is null or meta is not there."""
    for name in ("meta", "pagination", "next_record_id"):
        body = body.get(name) if isinstance(body, dict) else None
    return "" if body is None else str(body)


def _dated(read: Read, trailing: datetime) -> Read:
    recent = pl.col("hour") + HOUR >= trailing
    return Read(read.usage.with_columns(pl.when(recent).then(pl.col("observed_at"))), read.bad)
