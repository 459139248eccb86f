"""A small good book as files, to be spoilt line by line."""

from pathlib import Path

from billing import catalog
from billing.book import Book
from billing.book_files import read_book
from billing.errors import InputError

GOOD = {
    "partners.csv": [
        "partner_id,name,tier,time_zone,language,currency,digest,emails",
        "p1,Acme,basic,Asia/Seoul,ko,USD,daily,a@partner.example;b@partner.example",
        "p2,한빛 데이터,gold,America/New_York,en,KRW,none,",
    ],
    "customers.csv": [
        "customer_id,partner_id,name,employees,deal",
        "c1,p1,First,120,registered",
        "c2,p2,Second,,none",
    ],
    "orgs.csv": ["org_id,customer_id,name", "o1,c1,Production", "o2,c1,", "o3,c2,Ёлка"],
    "contracts.csv": [
        "contract_id,customer_id,plan,start,end,currency",
        "k1,c1,annual,2025-01-01,2026-01-01,USD",
        "k2,c1,month_to_month,2026-01-01,,USD",
        "k3,c2,on_demand,2026-01-01,,KRW",
    ],
    "terms.csv": [
        "contract_id,meter,option,commit_units,commit_price,on_demand_price",
        "k1,infra_host,monthly,20,15.50,",
        "k1,custom_metrics,hourly,0.5,,7",
        "k2,infra_host,monthly,20,,",
    ],
    "tiers.csv": [
        "contract_id,meter,up_to_units,unit_price",
        "k1,infra_host,10,18",
        "k1,infra_host,20.5,16",
        "k1,infra_host,,14.25",
        "k3,logs_ingested,,0.085",
    ],
}


class Folder:
    """The good book in a directory; `set` writes a line (1 is the header), `add` one more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = {name: list(lines) for name, lines in GOOD.items()}

    def set(self, name: str, line: int, text: str) -> None:
        self.lines[name][line - 1] = text

    def add(self, name: str, text: str) -> None:
        self.lines[name].append(text)

    def read(self) -> Book:
        for name, lines in self.lines.items():
            (self.path / name).write_bytes("".join(f"{line}\n" for line in lines).encode())
        return self.read_as_it_is()

    def read_as_it_is(self) -> Book:
        return read_book(self.path, catalog.load())

    def faults(self, *, as_it_is: bool = False) -> list[str]:
        """`file:line: column: what` of every fault; none for a good book."""
        try:
            self.read_as_it_is() if as_it_is else self.read()
        except InputError as error:
            return [str(fault) for fault in error.faults]
        return []
