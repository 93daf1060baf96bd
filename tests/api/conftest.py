import pytest

from tests.api.ground import Shop


@pytest.fixture
def in_app(app):
    with app.app_context():
        yield app


@pytest.fixture
def shop(in_app):
    return Shop(in_app)
