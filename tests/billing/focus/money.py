"""What has to hold of the money of an export: FOCUS' formulas on every row, and the bill's amounts over them."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from billing.money import minor_digits
from tests.billing.focus.months import Export

Row = dict[str, Any]
SHARES = ("x_PartnerMargin", "x_PartnerCost", "x_Markup", "x_CustomerPrice")


def judge_money(export: Export, rows: Sequence[Row]) -> None:
    """Exact, in fractions."""
    for row in rows:
        judge_formulas(row)
    judge_totals(export, rows)
    judge_commitments([row for row in rows if row["CommitmentDiscountId"] and not row["ChargeClass"]])
    judge_shares(export, [row for row in rows if row["x_CustomerPrice"] is not None])


def judge_formulas(row: Row) -> None:
    quantity = None if row["PricingQuantity"] is None else Fraction(row["PricingQuantity"])
    for kind in ("List", "Contracted"):
        price, cost = row[f"{kind}UnitPrice"], Fraction(row[f"{kind}Cost"])
        assert (price is None) == (quantity is None)
        assert cost == (Fraction(row["BilledCost"]) if quantity is None else Fraction(price) * quantity)
    for name in ("BilledCost", "EffectiveCost"):
        minor = Fraction(row[name]) * 10 ** minor_digits(row["BillingCurrency"])
        assert minor.denominator == 1, "payable in the currency"
    for name in ("ListUnitPrice", "ContractedUnitPrice", "EffectiveCost"):
        assert row[f"PricingCurrency{name}"] == row[name]
    assert row["PricingCurrency"] == row["BillingCurrency"]


def judge_totals(export: Export, rows: Sequence[Row]) -> None:
    """BilledCost and EffectiveCost each come to the bill and its corrections, per partner and currency."""
    expected: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for total in export.statement.totals:
        expected[total["partner_id"], total["currency"]] += Fraction(total["amount"])
    for change in export.corrections:
        expected[change.line.partner_id, change.line.currency] += Fraction(change.amount)
    for name in ("BilledCost", "EffectiveCost"):
        sums: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for row in rows:
            sums[row["x_PartnerId"], row["BillingCurrency"]] += Fraction(row[name])
        assert {k: v for k, v in sums.items() if v} == {k: v for k, v in expected.items() if v}


def judge_commitments(rows: Sequence[Row]) -> None:
    """Bought = used + unused, in money and in units, for every commitment."""
    sums: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 2)
    for row in rows:
        of_id, sign = sums[row["CommitmentDiscountId"]], 1 if row["CommitmentDiscountStatus"] else -1
        of_id[0] += Fraction(row["BilledCost"]) - Fraction(row["EffectiveCost"])
        of_id[1] += Fraction(row["CommitmentDiscountQuantity"]) * sign
    assert all(found == [0, 0] for found in sums.values())


def judge_shares(export: Export, rows: Sequence[Row]) -> None:
    """The reseller's figures balance on every row and come to those of the line."""
    sums: dict[tuple[str, str], list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 4)
    for row in rows:
        assert row["x_PartnerCost"] + row["x_PartnerMargin"] == row["BilledCost"]
        assert row["x_CustomerPrice"] - row["x_Markup"] == row["BilledCost"]
        key = (row["SubAccountId"], row["SkuId"])
        sums[key] = [total + Fraction(row[name]) for total, name in zip(sums[key], SHARES, strict=True)]
    for key, found in sums.items():
        margin = export.margins[key]
        assert found == [margin.margin, margin.partner_cost, margin.markup, margin.customer_price]
