"""FOCUS 1.2: the cost and usage rows, one table."""

from collections.abc import Sequence

import polars as pl

from billing.catalog import Catalog
from billing.changes import Change
from billing.focus.frames import frame
from billing.focus.names import VENDOR
from billing.focus.rows import Margins
from billing.focus.rows import rows as shared_rows
from billing.statement import Statement

COLUMNS = (
    "BilledCost BillingAccountId BillingAccountName BillingAccountType BillingCurrency BillingPeriodEnd "
    "BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd "
    "ChargePeriodStart CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName "
    "CommitmentDiscountQuantity CommitmentDiscountStatus CommitmentDiscountType CommitmentDiscountUnit "
    "ConsumedQuantity ConsumedUnit ContractedCost ContractedUnitPrice EffectiveCost InvoiceId InvoiceIssuerName "
    "ListCost ListUnitPrice PricingCategory PricingCurrency PricingCurrencyContractedUnitPrice "
    "PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice PricingQuantity PricingUnit ProviderName "
    "PublisherName ServiceCategory ServiceName ServiceSubcategory SkuId SkuMeter SkuPriceDetails SkuPriceId "
    "SubAccountId SubAccountName SubAccountType x_CorrectionCause x_CustomerName x_CustomerPrice x_ListPriceBasis "
    "x_Markup x_PartnerCost x_PartnerId x_PartnerMargin x_PartnerName"
).split()


def rows(statement: Statement, catalog: Catalog, corrections: Sequence[Change], margins: Margins) -> pl.DataFrame:
    """The statement's priced lines and the corrections of closed months, a row a charge.

    `margins`: by (contract_id, meter); the reseller's columns are null without. Raises InputError where a number has
    more digits than its column.
    """
    found = shared_rows(statement, catalog, corrections, margins)
    # The reseller is provider and issuer: with the vendor as provider, 1.2 would want BilledCost to be 0.
    return frame([row | {"ProviderName": row["InvoiceIssuerName"], "PublisherName": VENDOR} for row in found], COLUMNS)
