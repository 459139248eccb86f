"""FOCUS 1.4: the bundle of cost and usage, contract commitment, billing period and invoice detail."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

import polars as pl

from billing.bill import Line
from billing.book import Contract
from billing.catalog import Catalog
from billing.changes import Change
from billing.focus.charges import QUANTITY_PLACES
from billing.focus.frames import frame, in_ascii
from billing.focus.invoice import details
from billing.focus.names import VENDOR, commitment_id, name_of, pricing_unit
from billing.focus.rows import Margins, Row
from billing.focus.rows import rows as shared_rows
from billing.focus.v1_2 import COLUMNS as COLUMNS_1_2
from billing.hours import Month
from billing.money import exact, plain
from billing.statement import Statement

COST_AND_USAGE = sorted(
    {*COLUMNS_1_2, "ContractApplied", "HostProviderName", "InvoiceDetailId", "ServiceProviderName"}
    - {"ProviderName", "PublisherName"}
)
CONTRACT_COMMITMENT = (
    "BillingCurrency ContractCommitmentApplicability ContractCommitmentBenefitCategory ContractCommitmentCategory "
    "ContractCommitmentCost ContractCommitmentCreated ContractCommitmentDescription "
    "ContractCommitmentDiscountPercentage ContractCommitmentDurationType ContractCommitmentFulfillmentInterval "
    "ContractCommitmentId ContractCommitmentLastUpdated ContractCommitmentLifecycleStatus ContractCommitmentModel "
    "ContractCommitmentOfferCategory ContractCommitmentPaymentInterval ContractCommitmentPaymentModel "
    "ContractCommitmentPeriodEnd ContractCommitmentPeriodStart ContractCommitmentQuantity ContractCommitmentType "
    "ContractCommitmentUnit ContractId ContractPeriodEnd ContractPeriodStart InvoiceIssuerName ServiceProviderName"
).split()
BILLING_PERIOD = (
    "BillingPeriodCreated BillingPeriodEnd BillingPeriodLastUpdated BillingPeriodStart BillingPeriodStatus "
    "InvoiceIssuerName"
).split()
INVOICE_DETAIL = (
    "BilledCost BillingAccountId BillingCurrency BillingPeriodEnd BillingPeriodStart ChargeCategory "
    "InvoiceDetailCreated InvoiceDetailDescription InvoiceDetailGrain InvoiceDetailId InvoiceDetailLastUpdated "
    "InvoiceId InvoiceIssueDate InvoiceIssueStatus InvoiceIssuerName PaymentDueDate PaymentTerms ReferenceInvoiceId"
).split()


def datasets(
    statement: Statement, catalog: Catalog, corrections: Sequence[Change], margins: Margins
) -> dict[str, pl.DataFrame]:
    """The bundle: {name: frame}. Arguments and errors as `v1_2.rows`."""
    found = shared_rows(statement, catalog, corrections, margins)
    return {
        "cost_and_usage": frame([row | _of_1_4(row) for row in found], COST_AND_USAGE),
        "contract_commitment": frame(_commitments(statement, catalog), CONTRACT_COMMITMENT),
        "billing_period": frame(_periods(statement, found), BILLING_PERIOD),
        "invoice_detail": frame(details(statement, catalog, corrections, found), INVOICE_DETAIL),
    }


def _of_1_4(row: Row) -> Row:
    """What 1.4 asks for beside: the vendor's host is not known."""
    applied = None
    if row.get("CommitmentDiscountStatus") == "Used":
        applied = _applied(row)
    return {"ContractApplied": applied, "HostProviderName": None, "ServiceProviderName": VENDOR}


def _applied(row: Row) -> str:
    """The commitment that a charge draws on. The quantity is written as the exact number it is."""
    names = {
        "ContractId": in_ascii(row["SubAccountId"]),
        "ContractCommitmentId": in_ascii(row["CommitmentDiscountId"]),
        "ContractCommitmentAppliedUnit": in_ascii(row["PricingUnit"]),
    }
    quantity = f'"ContractCommitmentAppliedQuantity": {plain(row["PricingQuantity"])}'
    return f'{{"Elements": [{{{json.dumps(names)[1:-1]}, {quantity}}}]}}'


def _periods(statement: Statement, found: Sequence[Row]) -> list[Row]:
    month = statement.month
    return [
        {
            "BillingPeriodCreated": month.start,
            "BillingPeriodEnd": month.end,
            "BillingPeriodLastUpdated": statement.as_of,
            "BillingPeriodStart": month.start,
            "BillingPeriodStatus": "Closed" if statement.state == "final" else "Open",
            "InvoiceIssuerName": issuer,
        }
        for issuer in sorted({row["InvoiceIssuerName"] for row in found})
    ]


@exact
def _commitments(statement: Statement, catalog: Catalog) -> list[Row]:
    found = []
    for line in statement.lines:
        contract = statement.book.contracts[line.contract_id]
        if line.amount is not None and contract.term(line.meter).commit_units:
            found.append(_commitment(statement, catalog, line, contract))
    return found


def _commitment(statement: Statement, catalog: Catalog, line: Line, contract: Contract) -> Row:
    meter, term = catalog.meters[line.meter], contract.term(line.meter)
    start, end = _midnight(contract.start), _period_end(contract, statement.month)
    scope = {
        "InclusionOperator": "And",
        "Inclusions": [
            {"Dimension": "SubAccountId", "Operator": "In", "Values": [in_ascii(line.contract_id)]},
            {"Dimension": "SkuId", "Operator": "In", "Values": [in_ascii(line.meter)]},
        ],
    }
    return {
        "BillingCurrency": line.currency,
        "ContractCommitmentApplicability": json.dumps(scope),
        "ContractCommitmentBenefitCategory": "Discount",
        "ContractCommitmentCategory": "Usage",
        "ContractCommitmentCreated": start,
        "ContractCommitmentDescription": f"{meter.name}: units a month",
        "ContractCommitmentDurationType": _duration(start, end),
        "ContractCommitmentFulfillmentInterval": "Monthly",
        "ContractCommitmentId": commitment_id(line),
        "ContractCommitmentLastUpdated": start,
        "ContractCommitmentLifecycleStatus": _status(start, end, statement.as_of),
        "ContractCommitmentModel": "Continuous",
        "ContractCommitmentOfferCategory": "Public" if term.commit_price is None else "Negotiated",
        "ContractCommitmentPaymentInterval": "Monthly",
        "ContractCommitmentPaymentModel": "No Upfront",
        "ContractCommitmentPeriodEnd": end,
        "ContractCommitmentPeriodStart": start,
        "ContractCommitmentQuantity": term.commit_units.quantize(Decimal(1).scaleb(-QUANTITY_PLACES)),
        "ContractCommitmentType": "Committed units",
        "ContractCommitmentUnit": pricing_unit(line, meter),
        "ContractId": line.contract_id,
        "ContractPeriodEnd": end,
        "ContractPeriodStart": start,
        "InvoiceIssuerName": name_of(statement.book.partners[line.partner_id], line.partner_id),
        "ServiceProviderName": VENDOR,
    }


def _period_end(contract: Contract, month: Month) -> datetime:
    """The contract's end; for an open one that of the term the month lies in: a year if annual, else a month."""
    if contract.end is not None:
        return _midnight(contract.end)
    if contract.plan != "annual":
        return month.end
    year = month.year - contract.start.year
    ends = (_midnight(_anniversary(contract.start, years)) for years in (max(1, year), year + 1))
    return next(end for end in ends if end > month.start)


def _status(start: datetime, end: datetime, at: datetime) -> str:
    return "Pending" if at < start else "Expired" if end <= at else "Active"


def _anniversary(day: date, years: int) -> date:
    """The same day of a later year; February 28th for the 29th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _duration(start: datetime, end: datetime) -> str:
    """12 Months, 1 Month; in days where the period is no whole number of months."""
    months = (end.year - start.year) * 12 + end.month - start.month
    count, unit = (months, "Month") if start.day == end.day and months else ((end - start).days, "Day")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
