"""Every operation of the API under thousands of made-up requests: no server error, and answers as its document says."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from alerts.console.api.app import PATH
from alerts.console.app import create
from alerts.console.users import User
from flows.console import house
from tests.flows.two_partners import NOW, OpenDoor, Route, bearer, ids, routes, two_partners

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


OPERATIONS = [route for route in routes() if route.is_api]


@dataclass(frozen=True)
class Api:
    """The API of the house of two partners. there: ids that are in it. may: a header that opens everything."""

    schema: schemathesis.BaseSchema
    there: dict[str, str]
    may: dict[str, str]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, house_database: str) -> Iterator[Api]:
    app = two_partners(tmp_path_factory.mktemp("two"), house_database)
    built = create(house(app, lambda: NOW), OpenDoor(User("kim", "admin")))
    schema = schemathesis.openapi.from_asgi(f"{PATH}/openapi.json", built)
    yield Api(schema, ids(app, "p1").of, bearer(app, "admin"))
    app.engine.dispose()


@pytest.mark.parametrize("real", [False, True], ids=["made up", "there"])
@pytest.mark.parametrize("route", OPERATIONS, ids=lambda route: f"{route.method} {route.path}")
def test_no_request_breaks_it(api: Api, route: Route, real: bool) -> None:
    """Made-up ids find nothing; so once more with those of the path that are there."""
    operation = api.schema[route.path.removeprefix(PATH)][route.method]

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy())
    def holds(case: schemathesis.Case) -> None:
        if real:
            known = {name: api.there.get(name, value) for name, value in (case.path_parameters or {}).items()}
            case.path_parameters = known
        case.call_and_validate(headers=api.may, checks=CHECKS)

    holds()
