import json

import pytest

from tests.api.contract import Contract
from tests.api.ground import PaidWorld, Shop
from tests.browser import browser  # noqa: F401 -- a fixture


@pytest.fixture
def in_app(app):
    with app.app_context():
        yield app


@pytest.fixture
def shop(in_app):
    return Shop(in_app)


@pytest.fixture
def paid(in_app):
    return PaidWorld(in_app)


@pytest.fixture(scope="session")
def contract(app):
    """The published description."""
    response = app.test_client().get("/api/v1/openapi.json")
    assert response.content_type == "application/json"
    return Contract(json.loads(response.data))
