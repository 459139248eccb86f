"""Bodies of the vendor's billable-summary and cost endpoints, made of what a bill in our own shape says."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.billing.sheet import Row

PRODUCTS = {
    "infra_host": "infra_host",
    "infra_container": "infra_container",
    "apm_host": "apm_host",
    "custom_metrics": "timeseries",
    "indexed_spans": "apm_trace_search",
    "logs_ingested": "logs_ingested",
    "logs_indexed_15day": "logs_indexed_15day",
    "fargate_task": "fargate_container",
}
SUFFIX = {"p99": "top99p", "sum": "sum", "mean": "average", "hourly_overage": "sum", "hourly_overage_mean": "average"}


def charge(product: str, kind: str, cost: str | float) -> Row:
    return {"product_name": product, "charge_type": kind, "cost": Number(cost)}


def cost_record(org: str, charges: list[Row], month: str = "2026-10", **more: Any) -> Row:
    attributes = {"org_name": org.title(), "public_id": org, "region": "us", "date": f"{month}-01T00:00:00Z"}
    return {"type": "cost_by_org", "id": org, "attributes": attributes | {"charges": charges} | more}


def costs(lines: Iterable[Row], month: str = "2026-10") -> Row:
    """historical_cost if the vendor's bill were these lines, each customer's on its org `CUSTOMER-org`."""
    charges: dict[str, list[Row]] = defaultdict(list)
    for line in lines:
        product = PRODUCTS[line["meter"]]
        parts = {"committed": "committed_amount", "on_demand": "on_demand_amount", "total": "amount"}
        charges[f"{line['customer_id']}-org"] += [charge(product, kind, line[name]) for kind, name in parts.items()]
    return {"data": [cost_record(org, found, month) for org, found in charges.items()]}


def summary_row(org: str, usage: Row, month: str = "2026-10", account: str = "") -> Row:
    named = {"org_name": org.title(), "public_id": org, "account_public_id": account or None, "region": "us"}
    return named | {"start_date": f"{month}-01T00:00:00Z", "end_date": f"{month}-28T00:00:00Z", "usage": usage}


def summary(lines: Iterable[Row], month: str = "2026-10") -> Row:
    """billable-summary of these lines; quantities in whole base units."""
    usage: dict[str, Row] = defaultdict(dict)
    for line in lines:
        key = f"{PRODUCTS[line['meter']]}_{SUFFIX[line['rollup']]}"
        quantity = round(float(line["quantity"]))
        usage[f"{line['customer_id']}-org"][key] = {"org_billable_usage": quantity, "account_billable_usage": quantity}
    return {"usage": [summary_row(org, keys, month) for org, keys in usage.items()]}


class Number:
    """A number in its own digits, for `write`."""

    def __init__(self, text: str | float) -> None:
        self.text = str(text)


def text_of(body: Any) -> str:
    """JSON with every Number written as it stands."""
    written = json.dumps(body, default=lambda number: f"<<{number.text}>>")
    return written.replace('"<<', "").replace('>>"', "")


def write(path: Path, *bodies: Any) -> Path:
    """The bodies one after the other."""
    path.write_text("\n".join(map(text_of, bodies)), encoding="utf-8")
    return path
