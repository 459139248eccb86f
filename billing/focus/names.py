"""What things are called in FOCUS: invoices, commitments, partners, units, services."""

import re

from billing.bill import Line
from billing.book import Customer, Partner
from billing.catalog import Meter
from billing.hours import Month

VENDOR = "Datadog"
MULTIPLES = {"K": 1_000, "M": 1_000_000}
OBSERVABILITY = ("Management and Governance", "Observability")
# By product family; every other one is observability.
SERVICES = {
    "analyzed_logs": ("Security", "Threat Detection and Response"),
    "application_security": ("Security", "Threat Detection and Response"),
    "ci_app": ("Developer Tools", "Continuous Integration and Deployment"),
    "cspm": ("Security", "Security Posture Management"),
    "cws": ("Security", "Threat Detection and Response"),
    "sds": ("Security", "Other (Security)"),
}


def invoice_id(customer_id: str, month: Month, currency: str) -> str:
    """One invoice a customer, month and currency."""
    return f"{customer_id}-{month}-{currency}"


def invoice_detail_id(billed: Month, line: Line, category: str, used: Month, cause: str | None) -> str:
    """One line of the invoice a contract, meter and category; corrections have their own, by month of use and cause."""
    correction = f"/{used}/{cause}" if cause else ""
    invoice = invoice_id(line.customer_id, billed, line.currency)
    return f"{invoice}/{line.contract_id}/{line.meter}/{category}{correction}"


def commitment_id(line: Line) -> str:
    return f"{line.contract_id}/{line.meter}"


def pricing_unit(line: Line, meter: Meter | None) -> str:
    """The catalogue's unit in FOCUS' words: 1000000 spans, container-Hours; host-Hours for hosts priced by the hour."""
    if meter is None:
        return line.meter
    unit = f"{meter.unit}-hour" if meter.rollup == "p99" and line.rollup == "sum" else meter.unit
    if many := re.fullmatch(r"(\d+)([KM]) (.+)", unit):
        unit = f"{int(many[1]) * MULTIPLES[many[2]]} {many[3]}"
    return re.sub(r"-hours?$", "-Hours", unit)


def name_of(of: Partner | Customer | None, id_: str) -> str:
    """The name, or the id where there is none that FOCUS' validator takes."""
    return of.name if of and of.name and of.name.isascii() else id_


def service(meter: Meter | None) -> tuple[str, str]:
    """ServiceCategory and ServiceSubcategory."""
    return SERVICES.get(meter.product_family, OBSERVABILITY) if meter else OBSERVABILITY
