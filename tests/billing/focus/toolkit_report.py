"""Run by the toolkit's own Python on a directory: its lint of each dataset and its judgement of the bundle, as JSON."""

import csv
import json
import sys
from decimal import Decimal
from pathlib import Path

from focus_data_toolkit.model.validator import lint_focus_1_4_structure
from focus_data_toolkit.validate import validate_dataset_bundle

NAMES = {
    "cost_and_usage": "Cost and Usage",
    "contract_commitment": "Contract Commitment",
    "billing_period": "Billing Period",
    "invoice_detail": "Invoice Detail",
}
CONDITIONS = ["SupportsMultiplePricingCategories", "SupportsUnitPricing"]

bundle = {}
for stem, name in NAMES.items():
    with (Path(sys.argv[1]) / f"{stem}.csv").open(encoding="utf-8", newline="") as file:
        bundle[name] = list(csv.DictReader(file))
lint = {
    name: lint_focus_1_4_structure(name, rows, supported_conditions=CONDITIONS).messages()
    for name, rows in bundle.items()
    if rows
}
report = validate_dataset_bundle(bundle, invoice_detail_authoritative=True, rounding_tolerance=Decimal(0))
json.dump({"lint": lint, "bundle": report.as_dict()}, sys.stdout)
