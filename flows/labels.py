"""Hours that somebody knows to be odd, from a CSV file."""

from pathlib import Path

from billing.csv_rows import read_rows
from billing.errors import Fault, InputError
from billing.hours import parse_time
from detectors.score import Label


def read_labels(path: Path) -> list[Label]:
    """Labels from a CSV file (org_id,meter,start,end; end exclusive). Raises InputError."""
    faults: list[Fault] = []
    labels = []
    for row in read_rows(path, ["org_id", "meter", "start", "end"], faults):
        try:
            start, end = parse_time(row.cells["start"]), parse_time(row.cells["end"])
        except ValueError as error:
            row.fault("start", str(error))
            continue
        if end <= start:
            row.fault("end", "is not after the start: a label holds the hours from start up to, without, end")
        labels.append(Label(row.identifier("org_id"), row.identifier("meter"), start, end))
    if faults:
        raise InputError(faults)
    return labels
