"""The bundle of FOCUS 1.4: what its other datasets say of the month."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.book import Term
from billing.focus import v1_4
from tests.billing.focus.months import CATALOG, CLOSED, MONTH, contract_of, every_kind, line_of, statement_of

HOSTS = CATALOG.meters["infra_host"]


def test_the_bundle_says_of_an_open_month_that_it_is_open() -> None:
    for state, status, issued in (("estimate", "Open", "Open"), ("final", "Closed", "Issued")):
        export = every_kind()
        bundle = v1_4.datasets(replace(export.statement, state=state), CATALOG, (), {})
        assert set(bundle["billing_period"]["BillingPeriodStatus"]) == {status}
        assert set(bundle["invoice_detail"]["InvoiceIssueStatus"]) == {issued}


@pytest.mark.parametrize(
    ("plan", "start", "end", "period", "duration"),
    [
        ("annual", date(2026, 3, 1), date(2027, 3, 1), ("2026-03-01", "2027-03-01"), "12 Months"),
        ("annual", date(2024, 2, 29), None, ("2024-02-29", "2027-02-28"), "1095 Days"),
        ("annual", date(2025, 10, 20), None, ("2025-10-20", "2026-10-20"), "12 Months"),
        ("annual", date(2025, 10, 1), None, ("2025-10-01", "2027-10-01"), "24 Months"),
        ("annual", date(2026, 10, 10), None, ("2026-10-10", "2027-10-10"), "12 Months"),
        ("month_to_month", date(2026, 10, 1), None, ("2026-10-01", "2026-11-01"), "1 Month"),
        ("month_to_month", date(2026, 10, 1), date(2026, 10, 2), ("2026-10-01", "2026-10-02"), "1 Day"),
    ],
)
def test_an_open_contract_ends_with_the_term_it_is_in(
    plan: str, start: date, end: date | None, period: tuple[str, str], duration: str
) -> None:
    term = Term("infra_host", commit_units=Decimal(3))
    contract = replace(contract_of("USD", {"infra_host": term}, {}, start), plan=plan, end=end)
    statement = statement_of([contract], [line_of(contract, HOSTS, MONTH, Decimal(1))], MONTH, "final")
    (row,) = v1_4.datasets(statement, CATALOG, (), {})["contract_commitment"].to_dicts()
    found = tuple(f"{row[f'ContractCommitmentPeriod{edge}']:%Y-%m-%d}" for edge in ("Start", "End"))
    assert (found, row["ContractCommitmentDurationType"]) == (period, duration)


def test_a_commitment_lives_from_its_start_to_its_end() -> None:
    term = Term("infra_host", commit_units=Decimal(3))
    contract = replace(contract_of("USD", {"infra_host": term}, {}, date(2026, 10, 5)), end=date(2026, 10, 20))
    statement = statement_of([contract], [line_of(contract, HOSTS, MONTH, Decimal(1))], MONTH, "estimate")
    found = []
    for day in (4, 5, 19, 20):
        at = replace(statement, as_of=MONTH.start.replace(day=day))
        found += v1_4.datasets(at, CATALOG, (), {})["contract_commitment"].to_dicts()
    assert [row["ContractCommitmentLifecycleStatus"] for row in found] == ["Pending", "Active", "Active", "Expired"]
    assert {row["ContractCommitmentOfferCategory"] for row in found} == {"Public"}


def test_used_units_name_the_commitment_that_they_draw_on() -> None:
    term = Term("infra_host", commit_units=Decimal(3), commit_price=Decimal("14.5"))
    contract = contract_of("USD", {"infra_host": term}, {}, date(2026, 1, 1))
    statement = statement_of([contract], [line_of(contract, HOSTS, MONTH, Decimal(1))], MONTH, "final")
    bundle = v1_4.datasets(statement, CATALOG, (), {})
    applied = {row["SkuPriceId"]: row["ContractApplied"] for row in bundle["cost_and_usage"].to_dicts()}
    assert [kind for kind, json_ in applied.items() if json_] == ["infra_host/used"]
    assert json.loads(applied["infra_host/used"])["Elements"] == [
        {
            "ContractId": "k-USD",
            "ContractCommitmentId": "k-USD/infra_host",
            "ContractCommitmentAppliedUnit": "host",
            "ContractCommitmentAppliedQuantity": 1,
        }
    ]
    (commitment,) = bundle["contract_commitment"].to_dicts()
    assert commitment["ContractCommitmentId"] == "k-USD/infra_host"
    assert commitment["ContractCommitmentOfferCategory"] == "Negotiated"
    assert commitment["ContractCommitmentQuantity"] == 3


def test_a_correction_refers_to_the_invoice_of_its_month() -> None:
    export = every_kind()
    details = v1_4.datasets(*export.arguments)["invoice_detail"]
    for row in details.to_dicts():
        month = CLOSED if row["InvoiceDetailId"].endswith((" usage", "/price")) else MONTH
        assert row["ReferenceInvoiceId"] == row["InvoiceId"].replace(str(MONTH), str(month))
