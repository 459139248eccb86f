"""What only the vendor bills: orgs on no customer, products on no meter, totals beside their charges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from billing.bill import Rules
from billing.book import Book
from billing.hours import Month
from billing.money import EXACT, plain
from billing.rating import rate
from billing.reconciling.difference import MISSING_ORG, ROUNDING, UNEXPLAINED, UNKNOWN_PRODUCT, Cause, Difference
from billing.reconciling.pairing import contract_of
from billing.reconciling.vendor_bill import OrgCost, OrgUsage, VendorBill
from billing.reconciling.vendor_figures import FIELDS, NOTHING

STRAY = Decimal("1e-8")  # how far the vendor's total may stray from its own charges, relatively


@dataclass(frozen=True)
class Strangers:
    """The lines of `vendor` (the records of one month) that have no place in the book. `meter_of`: of its products."""

    book: Book
    rules: Rules
    month: Month
    vendor: VendorBill
    meter_of: Mapping[str, str]

    def lines(self) -> Iterator[Difference]:
        """By org and product; what is only counted is worth its list price, or nothing where there is none."""
        charged = {self._customer_of.get(record.org_id, record.org_id) for record in self.vendor.costs}
        for record in self.vendor.costs:
            yield from self._charges(record)
            yield from self._stray_total(record)
        for row in self.vendor.usage:
            if self._customer_of.get(row.org_id, row.org_id) not in charged:
                yield from self._counts(row)

    @cached_property
    def _customer_of(self) -> Mapping[str, str]:
        return {org.org_id: org.customer_id for org in self.book.orgs.values()}

    @cached_property
    def _payer_of(self) -> Mapping[str, str]:
        """Account -> a customer that is in it."""
        records = (*self.vendor.costs, *self.vendor.usage)
        known = [record for record in records if record.account_id and record.org_id in self._customer_of]
        return {record.account_id: self._customer_of[record.org_id] for record in known}

    def _charges(self, record: OrgCost) -> Iterator[Difference]:
        sums: dict[str, Decimal] = {}
        for charge in record.charges:
            billed = charge.product in self.meter_of and charge.charge_type in FIELDS
            if record.org_id not in self._customer_of or not billed:
                product = charge.product if charge.charge_type in FIELDS else f"{charge.product} ({charge.charge_type})"
                sums[product] = EXACT.add(sums.get(product, NOTHING), charge.cost)
        for product, cost in sums.items():
            if cost:
                yield self._line(record, product, cost, *self._why(record.org_id))

    def _counts(self, row: OrgUsage) -> Iterator[Difference]:
        for one in row.billable:
            quantity = one.org if one.org is not None else one.account
            if quantity and not (row.org_id in self._customer_of and one.product in self.meter_of):
                cause, why = self._why(row.org_id)
                money = self._list_price(one.product, quantity)
                why += f"; it counts {plain(quantity)}" + ("" if money else ", which has no list price")
                yield self._line(row, one.product, money, cause, why, quantity)

    def _stray_total(self, record: OrgCost) -> Iterator[Difference]:
        """What the record's total has beside its charges."""
        charges = sum((charge.cost for charge in record.charges), NOTHING)
        rest = NOTHING if record.total is None else EXACT.subtract(record.total, charges)
        if rest:
            rounded = abs(rest) <= max(abs(charges) * STRAY, Decimal("0.005") * (1 + len(record.charges)))
            why = f"the record's total_cost is {plain(charges + rest)}, its charges add up to {plain(charges)}"
            yield self._line(record, "total_cost", rest, ROUNDING if rounded else UNEXPLAINED, why)

    def _why(self, org_id: str) -> tuple[str, str]:
        if org_id not in self._customer_of:
            return MISSING_ORG, "the vendor bills an org that is on no customer of the book"
        return UNKNOWN_PRODUCT, "the vendor bills a product or in a way that is on no meter of the catalogue"

    def _list_price(self, product: str, quantity: Decimal) -> Decimal:
        meter = self.rules.catalog.meters.get(self.meter_of.get(product, ""))
        contract = contract_of(Book(), None, self.month)
        if not meter:
            return NOTHING
        return rate(contract, meter, contract.term(meter.meter), quantity, self.month).amount or NOTHING

    def _line(
        self,
        record: OrgCost | OrgUsage,
        product: str,
        money: Decimal,
        cause: str,
        why: str,
        quantity: Decimal | None = None,
    ) -> Difference:
        """In the currency of the org's customer, or of another customer in its account."""
        customer_id = self._customer_of.get(record.org_id)
        payer = customer_id or self._payer_of.get(record.account_id)
        return Difference(
            customer_id=customer_id,
            org_id=record.org_id,
            meter=None,
            product=product,
            currency=contract_of(self.book, payer, self.month).currency,
            ours=NOTHING,
            vendor=money,
            quantity=None,
            vendor_quantity=quantity,
            causes=(Cause(cause, money, why),),
        )
