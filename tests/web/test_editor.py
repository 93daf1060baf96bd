"""The promise editor, as the test client sees it: from a template to a promise in force."""


import pytest

from promises.kernel.actors import Role
from tests.factories.identity import make_organisation
from tests.web.staff import post, sign_in


@pytest.fixture(scope="module")
def made(app):
    with app.app_context():
        return make_organisation()


@pytest.fixture
def manager(client, made):
    sign_in(client, made, Role.MANAGER)
    return client


def start(client, made, template):
    """A draft from the template; the address of its page."""
    base = f"/o/{made.slug}/staff/editor"
    answer = post(client, base, {"template": template})
    assert answer.status_code == 303
    return answer.location


def test_first_template_is_published_as_it_stands(manager, made):
    page = start(manager, made, "served-15-minutes")
    shown = manager.get(page)
    assert "Palvelemme sinua" in shown.text
    print(shown.text[:200])
