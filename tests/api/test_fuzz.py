"""Generated requests, fitting and unfitting: never a fault, always an answer as described."""

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from promises.api.service import ALL
from tests.api.ground import PaidWorld

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
HURRIED = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def world(app):
    """One organisation for all requests, with what there is to be reached in it."""
    with app.app_context():
        made = PaidWorld(app)
        return made.program.headers(), {name: str(value) for name, value in made.ids().items()}


@pytest.fixture(scope="module")
def described(app):
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", sorted(ALL))
def test_generated_requests_find_no_fault(described, world, name, mode):
    operation = described.find_operation_by_id(name)
    headers, ids = world
    answered = []

    @HURRIED
    @hypothesis.given(case=operation.as_strategy(mode))
    def send(case):
        if len(answered) % 2:  # every second one reaches what there is
            case.path_parameters = {
                key: ids.get(key, value) for key, value in (case.path_parameters or {}).items()
            }
        response = case.call(headers=headers)
        answered.append(response.status_code)
        case.validate_response(response, checks=CHECKS, headers=headers)

    send()
    assert answered and max(answered) < 500
