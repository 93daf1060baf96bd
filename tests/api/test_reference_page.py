"""The reference for people in a real browser, under the policy that allows nothing inline."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import AXE
from tests.http.site import served

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_reference_is_whole_readable_and_breaks_no_policy(app, browser, width, scheme):
    with served(app) as address:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page = context.new_page()
        said = []
        page.on("console", lambda message: said.append(message.text))
        for name in ("docs", "problems"):
            page.goto(f"{address}/api/v1/{name}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            found = Axe().run(page, options=AXE)
            assert found.response["violations"] == []
        page.goto(f"{address}/api/v1/docs")
        page.get_by_role("link", name="Take a number").first.click()
        assert page.get_by_role("heading", name="Take a number").is_visible()
        assert said == []
        context.close()
