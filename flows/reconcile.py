"""Our bill of a month against the vendor's own figures, from files or from its API."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing.errors import Fault, InputError, SettingsError, WorldError
from billing.hours import Month, iso
from billing.money import EXACT, minor_digits, plain
from billing.reconciling.difference import Difference, totals
from billing.reconciling.reconcile import reconcile
from billing.reconciling.vendor_bill import VendorBill
from billing.sources.vendor_bills import from_bodies, read_bills
from billing.statement import Statement
from flows.bill import bill
from flows.ingest import source
from flows.settings import KEYS
from flows.wiring import App


@dataclass(frozen=True)
class Reconciled:
    """The bill, and every line of either side."""

    bill: Statement
    lines: Sequence[Difference]

    @property
    def sums(self) -> list[dict[str, Any]]:
        """Per currency: ours, the vendor's, the difference, and the classes that it is made of."""
        by_class = totals(self.lines)
        return [
            {
                "currency": currency,
                "ours": money(_sum(line.ours for line in of_currency), currency),
                "vendor": money(_sum(line.vendor for line in of_currency), currency),
                "difference": money(_sum(line.amount for line in of_currency), currency),
                "causes": [
                    {"class": cause, "amount": money(amount, currency)}
                    for (held, cause), amount in by_class.items()
                    if held == currency
                ],
            }
            for currency in sorted({line.currency for line in self.lines})
            if (of_currency := [line for line in self.lines if line.currency == currency])
        ]

    def document(self) -> dict[str, Any]:
        """As JSON: amounts as exact decimals, the vendor's with all their digits."""
        return {
            "month": str(self.bill.month),
            "as_of": iso(self.bill.as_of),
            "state": self.bill.state,
            "totals": self.sums,
            "lines": [self._row(line) for line in self.lines],
        }

    def _row(self, line: Difference) -> dict[str, Any]:
        customer = self.bill.book.customers.get(line.customer_id or "")
        return {
            "partner_id": customer.partner_id if customer else None,
            "customer_id": line.customer_id,
            "org_id": line.org_id,
            "meter": line.meter,
            "product": line.product,
            "ours": money(line.ours, line.currency),
            "vendor": money(line.vendor, line.currency),
            "difference": money(line.amount, line.currency),
            "currency": line.currency,
            "quantity": None if line.quantity is None else plain(line.quantity),
            "vendor_quantity": None if line.vendor_quantity is None else plain(line.vendor_quantity),
            "causes": [
                {"class": one.cause, "amount": money(one.amount, line.currency), "why": one.why} for one in line.causes
            ],
        }


def reconciled(app: App, month: Month, paths: Sequence[Path], now: datetime) -> Reconciled:
    """The month's bill against the vendor's figures in `paths`, or without any against those of its API.

    Raises InputError for files that are no bodies or say nothing of the month, SettingsError without keys,
    WorldError where the vendor fails or has no figures yet.
    """
    ours = bill(app, month, None, now)
    vendor = _from_files(month, paths) if paths else _from_vendor(app, ours)
    history = app.lake.history(month.start, ours.as_of)
    return Reconciled(ours, reconcile(ours, app.rules, history, vendor))


def money(amount: Decimal, currency: str) -> str:
    """Every digit there is, at least those of the currency."""
    digits = max(minor_digits(currency), len(plain(amount).partition(".")[2]))
    return f"{amount.quantize(Decimal(1).scaleb(-digits), context=EXACT):f}"


def _from_files(month: Month, paths: Sequence[Path]) -> VendorBill:
    vendor = read_bills(paths)
    if str(month) not in vendor.months:
        held = f"they are about {', '.join(vendor.months)}" if vendor.months else "they hold no record"
        raise InputError([Fault(", ".join(map(str, paths)), 0, "", f"nothing of {month} is in these bodies: {held}")])
    return vendor


def _from_vendor(app: App, ours: Statement) -> VendorBill:
    if not app.settings.datadog.has_keys:
        what = "is not set: the vendor's API asks for it; or name files with saved bodies"
        raise SettingsError([Fault("environment", 0, name, what) for name in KEYS])
    bodies = source(app).bills(ours.month, final=ours.state == "final")
    try:
        vendor = from_bodies(bodies, f"datadog {ours.month}")
    except InputError as wrong:
        raise WorldError(str(wrong)) from wrong
    if str(ours.month) not in vendor.months:
        raise WorldError(f"datadog: the vendor has no figures of {ours.month} for these keys yet")
    return vendor


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total
