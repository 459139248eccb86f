"""Small worlds to bill: a book and its usage as rows, drawn at random or made by hand, written as the CLI's files."""

import csv
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import strategies as st

from tests.billing.sheet import Row

CATALOG = Path(__file__).resolve().parents[2] / "billing" / "catalog.csv"
MONTHS = ("2026-04", "2025-02", "2024-02", "2025-12", "2026-01", "2026-10")
ZONES = ("UTC", "Asia/Seoul", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati")
CURRENCIES = ("USD", "USD", "KRW", "KWD", "EUR", "CLF")  # 2, 0, 3, 2 and 4 minor digits
NAMES = ("Acme", "한빛 데이터, 주식회사", 'The "Best" Ltd.', "Ёлка", "a;b")
LARGEST = 2**63 - 1
COLUMNS = {
    "partners": "partner_id,name,tier,time_zone,language,currency,digest,emails",
    "customers": "customer_id,partner_id,name,employees,deal",
    "orgs": "org_id,customer_id,name",
    "contracts": "contract_id,customer_id,plan,start,end,currency",
    "terms": "contract_id,meter,option,commit_units,commit_price,on_demand_price",
    "tiers": "contract_id,meter,up_to_units,unit_price",
    "catalog": "meter,name,product_family,usage_types,rollup,hourly_option_rollup,per,unit,"
    "allotment_parent,allotment_quantity,list_annual,list_month_to_month,list_on_demand",
}
OPTIONAL = ("tiers", "catalog")


@dataclass(repr=False)
class World:
    """The rows of the book's files (texts; empty = "") and of the usage, in the order of ingest.

    A usage row is org_id, product_family, usage_type, hour (a datetime in UTC) and quantity (an int, or None for null).
    Without rows of a catalogue the world has the built-in one.
    """

    partners: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    orgs: list[Row] = field(default_factory=list)
    contracts: list[Row] = field(default_factory=list)
    terms: list[Row] = field(default_factory=list)
    tiers: list[Row] = field(default_factory=list)
    usage: list[Row] = field(default_factory=list)
    catalog: list[Row] = field(default_factory=list)

    def __repr__(self) -> str:
        """Short: hypothesis shows what fails, and usage has thousands of rows."""
        book = {name: rows for name, rows in vars(self).items() if name not in ("partners", "usage") and rows}
        return f"World({book}, {len(self.usage)} rows of usage: {self.usage[:20]})"

    @property
    def meters(self) -> dict[str, Row]:
        """The catalogue's rows by meter."""
        return {row["meter"]: row for row in self.catalog} or read_catalog()


@dataclass(frozen=True)
class Case:
    """What to bill: `until` is --as-of (None: the whole month), `p99_rank` the setting."""

    world: World
    month: str
    until: datetime | None = None
    p99_rank: str = "ninth"


def month_span(month: str) -> tuple[datetime, datetime]:
    start = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC)
    return start, (start + timedelta(days=31)).replace(day=1)


def read_catalog(path: Path = CATALOG) -> dict[str, Row]:
    """The catalogue's rows by meter."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["meter"]: row for row in csv.DictReader(file)}


def write_book(world: World, directory: Path) -> None:
    """The book's CSV files, and catalog.csv; what is optional only where there is any."""
    for name, columns in COLUMNS.items():
        if name not in OPTIONAL or getattr(world, name):
            write_rows(directory / f"{name}.csv", columns, getattr(world, name))


def write_usage(world: World, path: Path) -> None:
    rows = [row | {"hour": row["hour"].strftime("%Y-%m-%dT%H:%M:%SZ")} for row in world.usage]
    write_rows(path, "org_id,product_family,usage_type,hour,quantity", rows)


def write_rows(path: Path, columns: str, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns.split(","))
        writer.writeheader()
        writer.writerows(rows)


def read_golden(path: Path) -> tuple[Case, Row]:
    """A hand-made case and its whole document: in the file, one usage row stands for the hours [from, to)."""
    document = json.loads(path.read_text(encoding="utf-8"))
    usage = []
    for row in document["world"].pop("usage"):
        start, end = (datetime.fromisoformat(row.pop(key)) for key in ("from", "to"))
        usage += [row | {"hour": start + timedelta(hours=i)} for i in range((end - start) // timedelta(hours=1))]
    until = datetime.fromisoformat(document["until"]) if "until" in document else None
    world = World(**document["world"], usage=usage)
    return Case(world, document["month"], until, document.get("p99_rank", "ninth")), document


@st.composite
def cases(draw: st.DrawFn, catalogs: st.SearchStrategy[list[Row]] | None = None) -> Case:
    """A world of 1-3 partners and its month, mostly whole, else up to a drawn hour. Every drawn month is a past one.

    `catalogs`: rows of catalogues to draw from; without them the world has the built-in one.
    """
    month = draw(st.sampled_from(MONTHS))
    start, end = month_span(month)
    hours = (end - start) // timedelta(hours=1)
    until = draw(st.none() | st.integers(0, hours).map(lambda n: start + timedelta(hours=n)))
    catalog = [] if catalogs is None else draw(catalogs)
    return Case(draw(worlds(month, catalog)), month, until, draw(st.sampled_from(("ninth", "ninth", "eighth"))))


@st.composite
def worlds(draw: st.DrawFn, month: str, catalog: list[Row]) -> World:
    """A book with 1-3 partners, 1-3 customers each, 1-3 orgs each, and usage in and around `month`."""
    world = World(catalog=catalog)
    few = st.integers(1, 3)
    meters = sorted(world.meters) if catalog else draw(PALETTES)
    for _ in range(draw(few)):
        partner, currency = f"p{9 - len(world.partners)}", draw(st.sampled_from(CURRENCIES))
        named = {"name": draw(st.sampled_from(NAMES)), "time_zone": draw(st.sampled_from(ZONES)), "currency": currency}
        fixed = {"tier": "basic", "language": "ko", "digest": "daily", "emails": "a@partner.example;b@partner.example"}
        world.partners.append({"partner_id": partner, **named, **fixed})
        for _ in range(draw(few)):
            customer = f"c{20 - len(world.customers)}"
            identity = {"customer_id": customer, "partner_id": partner}
            world.customers.append({**identity, "name": "Customer", "employees": "120", "deal": "none"})
            for _ in range(draw(few)):
                world.orgs.append({"org_id": f"o{len(world.orgs)}", "customer_id": customer, "name": "Org"})
            draw_contracts(draw, world, customer, currency, month, meters)
    draw_usage(draw, world, month, meters)
    return world


def draw_contracts(draw: st.DrawFn, world: World, customer: str, currency: str, month: str, meters: list[str]) -> None:
    """Contracts that follow each other, with gaps, around the month's days; each with its terms and tiers."""
    start, end = month_span(month)
    days = (end - start).days
    edges = st.sampled_from((-400, -31, 0, 1, 9, 15, days - 1, days, days + 20))
    points = sorted(draw(st.just({-40}) | st.sets(edges | st.integers(-3, days), max_size=4)))
    for begin, finish in zip(points, [*points, None][1:], strict=True):
        if not draw(st.sampled_from((True, True, True, False))):
            continue
        contract = f"k{len(world.contracts)}"
        dates = ["" if day is None else (start + timedelta(days=day)).strftime("%Y-%m-%d") for day in (begin, finish)]
        agreed = {
            "plan": draw(st.sampled_from(("annual", "month_to_month", "on_demand"))),
            "currency": draw(st.sampled_from((currency, currency, currency, "USD", "KRW"))),
        }
        span = {"start": dates[0], "end": dates[1]}
        world.contracts.append({"contract_id": contract, "customer_id": customer, **span, **agreed})
        for meter in draw(st.lists(st.sampled_from(meters), max_size=5, unique=True)):
            world.terms.append({"contract_id": contract, "meter": meter, **draw(TERMS)})
        for meter in draw(st.lists(st.sampled_from(meters), max_size=2, unique=True)):
            bound = Decimal(0)
            steps = draw(BANDS)
            for step in [*steps, None]:
                bound += Decimal(step or 0)
                tier = {"up_to_units": str(bound) if step else "", "unit_price": draw(UNIT_PRICE)}
                world.tiers.append({"contract_id": contract, "meter": meter, **tier})


def draw_usage(draw: st.DrawFn, world: World, month: str, meters: list[str]) -> None:
    """Series of known meters, then rows of strangers, then restatements, so that the last row of a key counts."""
    start, end = month_span(month)
    hours = (end - start) // timedelta(hours=1)
    orgs = st.sampled_from([org["org_id"] for org in world.orgs])
    rows = world.meters
    for org, meter in draw(st.lists(st.tuples(orgs, st.sampled_from(meters)), max_size=10, unique=True)):
        row = rows[meter]
        unit = max(1, int(row["per"]) // 7)
        key = (row["product_family"], draw(st.sampled_from(row["usage_types"].split(";"))))
        for i, quantity in draw_series(draw, hours, unit).items():
            world.usage.append(usage_row(org, key, start + timedelta(hours=i), quantity))
    at = st.integers(-1, hours).map(lambda i: start + timedelta(hours=i))
    value = st.none() | st.integers(0, 50) | st.just(LARGEST)
    for org, key, hour, quantity in draw(st.lists(st.tuples(orgs | st.just("ghost"), STRANGE, at, value), max_size=5)):
        world.usage.append(usage_row(org, key, hour, quantity))
    if world.usage:
        for i, quantity in draw(st.lists(st.tuples(st.integers(0, len(world.usage) - 1), value), max_size=6)):
            world.usage.append(world.usage[i] | {"quantity": quantity})


def draw_series(draw: st.DrawFn, hours: int, unit: int) -> dict[int, int | None]:
    """{hour of the month: quantity}, from before it to after it: sparse, or a level with spikes and holes."""
    levels = st.integers(0, 40).map(lambda n: n * unit)
    spikes = levels.map(lambda n: n * 10) | st.sampled_from((0, None, LARGEST))
    at = st.integers(-2, hours + 1) | st.sampled_from((-1, 0, hours - 1, hours))
    if draw(st.booleans()):
        return draw(st.dictionaries(at, levels | spikes, max_size=12))
    level, ripple = draw(levels), draw(st.integers(1, 8))
    series: dict[int, int | None] = {i: level + i * i % ripple for i in range(-2, hours + 2)}
    lengths = st.sampled_from((1, 2, 6, 7, 8, 9, 10, 24, 100, 400))
    for first, length, quantity in draw(st.lists(st.tuples(at, lengths, spikes), max_size=4)):
        series |= dict.fromkeys(range(first, min(first + length, hours + 2)), quantity)
    for first, length in draw(st.lists(st.tuples(at, lengths), max_size=2)):
        series = {i: quantity for i, quantity in series.items() if not first <= i < first + length}
    return series


def usage_row(org: str, key: tuple[str, str], hour: datetime, quantity: int | None) -> Row:
    return {"org_id": org, "product_family": key[0], "usage_type": key[1], "hour": hour, "quantity": quantity}


def decimals(places: int, top: int) -> st.SearchStrategy[str]:
    """Texts of decimals from 0 to `top` with up to `places` decimals, trailing zeros now and then."""
    scaled = st.integers(0, places).flatmap(lambda p: st.tuples(st.just(p), st.integers(0, top * 10**p)))
    return scaled.map(lambda drawn: f"{Decimal(drawn[1]).scaleb(-drawn[0]):f}")


# A world uses a few meters; those with an allotment come with their parents, and come up more often than the rest.
FAMILIES = [[meter, row["allotment_parent"]] for meter, row in read_catalog().items() if row["allotment_parent"]]
PALETTES = st.lists(
    st.sampled_from(FAMILIES) | st.sampled_from([[m] for m in read_catalog()]), min_size=1, max_size=4
).map(lambda groups: sorted({meter for group in groups for meter in group}))
UNIT_PRICE = decimals(6, 40)
PRICES = st.just("") | UNIT_PRICE | UNIT_PRICE
BANDS = st.lists(decimals(3, 40).filter(lambda text: Decimal(text) > 0), max_size=3)
TERMS = st.fixed_dictionaries(
    {
        "option": st.sampled_from(("monthly", "hourly")),
        "commit_units": st.just("0") | decimals(3, 30) | decimals(3, 5000),
        "commit_price": PRICES,
        "on_demand_price": PRICES,
    }
)
STRANGE = st.sampled_from(
    [
        ("infra_hosts", "host_count"),
        ("infra_hosts", "agent_host_count"),
        ("infra_hosts", "made_up_count"),
        ("made_up", "host_count"),
        ("made_up", "widget_count"),
    ]
)
