"""A second bill to hold the product's against: the billing rules once more, slow and plain, sharing no code with it.

A bill is the JSON document of `floodmark bill MONTH --as-of T --json`; sheet.py has the arithmetic of one contract.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from tests.billing.sheet import Hourly, Row, Sheet, cut, money
from tests.billing.worlds import World, month_span

# A part of infra_host's total: known, not billed, and no unknown product.
PARTS = frozenset({("infra_hosts", "agent_host_count")})
HOUR = timedelta(hours=1)
QUANTITIES = ("quantity", "included", "on_demand_quantity")

Key = tuple[str, str, str, datetime]
Alert = tuple[str, str, str, datetime, Mapping[datetime, int]]


def bill(
    world: World,
    month: str,
    until: datetime | None = None,
    *,
    state: str = "final",
    p99_rank: str = "ninth",
    parts: Iterable[tuple[str, str]] = PARTS,
) -> Row:
    """The bill of `month` (YYYY-MM) over its whole hours before `until`; a line's fault is "unpriced" or None."""
    start, stop, end = billed_span(month, until)
    meters, held = world.meters, held_rows(world, start, stop)
    meter_of = meters_by_usage(meters)
    values = customer_values(world, org_values(held, meter_of))
    partner_of = {customer["customer_id"]: customer["partner_id"] for customer in world.customers}
    lines: list[Row] = []
    totals: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for sheet in sheets(world, meters, values, (start, stop, end), p99_rank):
        partner = partner_of[sheet.contract["customer_id"]]
        for meter in sheet.billed_meters():
            lines.append({"partner_id": partner, **sheet.line(meter)})
            if (amounts := sheet.amounts(meter)) is not None:
                totals[partner, sheet.contract["currency"]] += sum(amounts)
    mapped = {org["org_id"] for org in world.orgs}
    orgs = Counter(org for org, *_ in held if org not in mapped)
    unknown = Counter((f, t) for _, f, t, _ in held if (f, t) not in meter_of and (f, t) not in set(parts))
    uncovered = uncovered_hours(world, values)
    return {
        "month": month,
        "as_of": stop.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "state": state,
        "lines": sorted(lines, key=lambda ln: [ln[k] for k in ("partner_id", "customer_id", "contract_id", "meter")]),
        "totals": [{"partner_id": p, "currency": c, "amount": money(totals[p, c], c)} for p, c in sorted(totals)],
        "unassigned": [{"org_id": org, "rows": orgs[org]} for org in sorted(orgs)],
        "unknown_products": [{"product_family": f, "usage_type": t, "rows": unknown[f, t]} for f, t in sorted(unknown)],
        "uncontracted": [{"customer_id": c, "meter": m, "hours": n} for (c, m), n in sorted(uncovered.items()) if n],
    }


def comparable(document: Row) -> Row:
    """The bill as the oracle writes it: a fault's words are free, and so is where a fraction without end is cut."""
    lines = [line | {"fault": line["fault"] and "unpriced"} for line in document["lines"]]
    return document | {"lines": [line | {name: cut(line[name]) for name in QUANTITIES} for line in lines]}


def stakes(
    world: World,
    month: str,
    alerts: Iterable[Alert],
    projection: Mapping[tuple[str, str], Mapping[datetime, int]],
    until: datetime | None = None,
    *,
    p99_rank: str = "ninth",
) -> dict[str, dict[str, str]]:
    """What each live alert costs: {alert_id: {contract_id: step}}, over its customer's contracts of the month.

    An alert is (alert_id, org_id, meter, started_at, {anomalous hour: expected}). `projection` is the baseline as
    {(org_id, meter): {hour: value}}, taken for the hours that have no value before `until`; the same on both sides.
    """
    start, stop, end = billed_span(month, until)
    meters = world.meters
    known = org_values(held_rows(world, start, stop), meters_by_usage(meters))
    actual = {key: {**projection.get(key, {}), **known.get(key, {})} for key in {*projection, *known}}
    current = {key: dict(hourly) for key, hourly in actual.items()}
    ordered = sorted(alerts, key=lambda alert: (alert[3], alert[0]))
    for _, org, meter, _, expected in ordered:
        for hour in expected.keys() & known.get((org, meter), {}).keys():
            current[org, meter][hour] = expected[hour]

    span = (start, end, end)
    left_out = unpriced(world, meters, current, span, p99_rank) | unpriced(world, meters, actual, span, p99_rank)
    customer_of = {org["org_id"]: org["customer_id"] for org in world.orgs}
    steps: dict[str, dict[str, str]] = {}
    for alert_id, org, meter, _, expected in ordered:
        before = contract_totals(world, meters, current, span, p99_rank, left_out)
        for hour in expected.keys() & known.get((org, meter), {}).keys():
            current[org, meter][hour] = actual[org, meter][hour]
        after = contract_totals(world, meters, current, span, p99_rank, left_out)
        mine = [row for row in world.contracts if row["customer_id"] == customer_of.get(org)]
        of_month = [(row["contract_id"], row["currency"]) for row in mine if row["contract_id"] in after]
        steps[alert_id] = {contract: money(after[contract] - before[contract], cur) for contract, cur in of_month}
    return steps


def contract_totals(
    world: World,
    meters: dict[str, Row],
    by_org: Mapping[tuple[str, str], Hourly],
    span: tuple[datetime, datetime, datetime],
    p99_rank: str,
    left_out: set[tuple[str, str]],
) -> dict[str, Fraction]:
    """What each contract's month comes to, but for the (contract, meter) pairs left out."""
    totals: dict[str, Fraction] = {}
    for sheet in sheets(world, meters, customer_values(world, by_org), span, p99_rank):
        contract = sheet.contract["contract_id"]
        parts = [sheet.amounts(meter) for meter in sheet.billed_meters() if (contract, meter) not in left_out]
        totals[contract] = sum((sum(part, Fraction()) for part in parts if part is not None), Fraction())
    return totals


def unpriced(
    world: World,
    meters: dict[str, Row],
    by_org: Mapping[tuple[str, str], Hourly],
    span: tuple[datetime, datetime, datetime],
    p99_rank: str,
) -> set[tuple[str, str]]:
    """The (contract, meter) pairs without a price: they have no difference of prices either."""
    return {
        (sheet.contract["contract_id"], meter)
        for sheet in sheets(world, meters, customer_values(world, by_org), span, p99_rank)
        for meter in sheet.billed_meters()
        if sheet.amounts(meter) is None
    }


def sheets(
    world: World,
    meters: dict[str, Row],
    values: Mapping[str, Mapping[str, Hourly]],
    span: tuple[datetime, datetime, datetime],
    p99_rank: str,
) -> list[Sheet]:
    """The contracts that cover a day of the month; `span` is the month's start, the end of the hours, its end."""
    start, stop, end = span
    found = []
    for contract in world.contracts:
        begin, finish = contract_span(contract)
        begin, finish = max(begin, start), min(finish, end)
        if begin < finish:
            terms = {row["meter"]: row for row in world.terms if row["contract_id"] == contract["contract_id"]}
            tiers: dict[str, list[Row]] = defaultdict(list)
            for row in world.tiers:
                if row["contract_id"] == contract["contract_id"]:
                    tiers[row["meter"]].append(row)
            hours = [begin + i * HOUR for i in range(max(0, (min(finish, stop) - begin) // HOUR))]
            share = Fraction((finish - begin).days, (end - start).days)
            customer = values.get(contract["customer_id"], {})
            found.append(Sheet(contract, meters, terms, tiers, customer, hours, share, p99_rank))
    return found


def held_rows(world: World, start: datetime, stop: datetime) -> dict[Key, int | None]:
    """The value that holds for each key of the hours in [start, stop): the last one seen, null included."""
    return {
        (row["org_id"], row["product_family"], row["usage_type"], row["hour"]): row["quantity"]
        for row in world.usage
        if start <= row["hour"] < stop
    }


def org_values(
    held: Mapping[Key, int | None], meter_of: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], Hourly]:
    """{(org_id, meter): {hour: value}}, only the hours that have a value."""
    values: dict[tuple[str, str], Hourly] = defaultdict(dict)
    for (org, family, usage_type, hour), quantity in held.items():
        meter = meter_of.get((family, usage_type))
        if meter is not None and quantity is not None:
            values[org, meter][hour] = values[org, meter].get(hour, 0) + quantity
    return values


def customer_values(world: World, by_org: Mapping[tuple[str, str], Hourly]) -> dict[str, dict[str, Hourly]]:
    """{customer_id: {meter: {hour: value}}}: the sums over the customer's orgs."""
    customer_of = {org["org_id"]: org["customer_id"] for org in world.orgs}
    values: dict[str, dict[str, Hourly]] = defaultdict(lambda: defaultdict(dict))
    for (org, meter), hourly in by_org.items():
        if org in customer_of:
            sums = values[customer_of[org]][meter]
            for hour, value in hourly.items():
                sums[hour] = sums.get(hour, 0) + value
    return values


def uncovered_hours(world: World, values: Mapping[str, Mapping[str, Hourly]]) -> dict[tuple[str, str], int]:
    """{(customer_id, meter): hours with a value that none of the customer's contracts covers}."""
    counts = {}
    for customer, by_meter in values.items():
        spans = [contract_span(row) for row in world.contracts if row["customer_id"] == customer]
        for meter, hourly in by_meter.items():
            counts[customer, meter] = sum(not any(a <= hour < b for a, b in spans) for hour in hourly)
    return counts


def contract_span(contract: Row) -> tuple[datetime, datetime]:
    begin, finish = (datetime.fromisoformat(contract[key] or "9999-12-31") for key in ("start", "end"))
    return begin.replace(tzinfo=UTC), finish.replace(tzinfo=UTC)


def billed_span(month: str, until: datetime | None) -> tuple[datetime, datetime, datetime]:
    """The month's start, the end of its whole hours before `until`, and its end."""
    start, end = month_span(month)
    stop = end if until is None else until.replace(minute=0, second=0, microsecond=0)
    return start, min(max(stop, start), end), end


def meters_by_usage(meters: Mapping[str, Row]) -> dict[tuple[str, str], str]:
    """{(product_family, usage_type): meter}."""
    return {(row["product_family"], t): meter for meter, row in meters.items() for t in row["usage_types"].split(";")}
