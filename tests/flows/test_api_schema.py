"""Every operation of the API under thousands of made-up requests: no server error, and answers as its document says."""

from typing import cast

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp

from alerts.console.api.app import PATH
from alerts.console.app import create
from alerts.console.users import User
from flows.console import house
from tests.flows.two_partners import NOW, ORIGIN, OpenDoor, bearer, ids, two_partners

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The house of two partners, a token that may everything, and what is there."""
    app = two_partners(tmp_path_factory.mktemp("two"))
    built: ASGIApp = create(house(app, lambda: NOW), OpenDoor(User("kim", "admin")))
    return {"app": built, "headers": bearer(app, "admin"), "ids": ids(app, "p1").of}


@pytest.fixture(scope="module")
def document(known: dict[str, object]) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_asgi(f"{PATH}/openapi.json", known["app"])


schema = schemathesis.pytest.from_fixture("document")


@schema.parametrize()
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_breaks_it(case: schemathesis.Case, known: dict[str, object]) -> None:
    case.call_and_validate(headers=cast(dict[str, str], known["headers"]), checks=CHECKS)


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_for_what_is_there_breaks_it(case: schemathesis.Case, known: dict[str, object]) -> None:
    """Made-up ids find nothing: here those of the path are real."""
    there = cast(dict[str, str], known["ids"])
    case.path_parameters = {name: there.get(name, value) for name, value in (case.path_parameters or {}).items()}
    case.call_and_validate(headers=cast(dict[str, str], known["headers"]), checks=CHECKS)
