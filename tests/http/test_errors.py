"""Every failure becomes a page that says what happened and what to do."""

import dataclasses

import pytest
import structlog
from sqlalchemy.exc import DataError, OperationalError

from promises.http.permissions import public
from promises.kernel.errors import Conflict, FieldProblem, Gone, Refused, TooMany
from promises.kernel.text import N_
from tests.conftest import dispose
from tests.factories.identity import make_organisation
from tests.pages import CheckedClient


@pytest.fixture(scope="module")
def failing(database):
    """The service with addresses that fail in every way."""
    from promises.app import create_app

    app = create_app(database.config)
    app.test_client_class = CheckedClient

    def fail_with(error):
        def view():
            raise error

        return public(view)

    failures = {
        "conflict": Conflict(),
        "gone": Gone(),
        "many": TooMany(retry_after=42),
        "refused": Refused([FieldProblem("name", N_("This is missing."))]),
        "operational": OperationalError("SELECT secret", {}, Exception("secret host")),
        "data": DataError("SELECT secret", {}, Exception("secret")),
        "bug": RuntimeError("secret detail"),
    }
    for name, error in failures.items():
        app.add_url_rule(f"/o/<slug:slug>/fail/{name}", f"fail_{name}", fail_with(error))
    yield app
    dispose(app)


@pytest.fixture(scope="module")
def slug(failing):
    with failing.app_context():
        return make_organisation(name="Testipankki").slug


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("conflict", 409, "Somebody changed this meanwhile."),
        ("gone", 410, "This is no longer valid."),
        ("many", 429, "Wait a little and try again."),
        ("refused", 422, "This is missing."),
        ("operational", 503, "Nothing that was confirmed is lost."),
        ("data", 400, "is not complete"),
        ("bug", 500, "The fault is ours."),
    ],
)
def test_a_failure_is_a_page_of_the_organisation_without_inner_details(
    failing, slug, name, status, says
):
    with structlog.testing.capture_logs() as logs:
        response = failing.test_client().get(f"/o/{slug}/fail/{name}")
    assert response.status_code == status
    assert says in response.text
    assert "Testipankki" in response.text
    assert "secret" not in response.text
    assert response.headers["Cache-Control"] == "no-store"
    if status == 500:
        reference = next(log["reference"] for log in logs if log["event"] == "request_failed")
        assert reference in response.text
    if name == "many":
        assert response.headers["Retry-After"] == "42"


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_with_the_database_down_there_is_a_page_in_each_language(database, tmp_path, language):
    from promises.app import create_app
    from promises.kernel.text import translate

    nowhere = f"postgresql+psycopg://lupaus_app@/none?host={tmp_path}"
    app = create_app(dataclasses.replace(database.config, app_url=nowhere))
    app.test_client_class = CheckedClient
    with app.test_client() as client:
        response = client.get(f"/o/some-bank/sign-in?lang={language}")
    dispose(app)
    assert response.status_code == 503
    assert f'lang="{language}"' in response.text
    assert translate(language, "We are back in a moment") in response.text
    assert response.headers["Retry-After"]


def test_addresses_of_the_api_fail_as_problems(failing):
    response = failing.test_client().get("/api/v1/nothing-here")
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"
    assert "Content-Security-Policy" in response.headers
