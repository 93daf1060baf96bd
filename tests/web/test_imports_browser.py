"""Importing in a real browser, on a phone and at a desk, and for people who need assistance."""

import json
import os
import threading

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from promises.db.sql import one
from promises.desk.imports.actions import save_mapping
from promises.flows import run_import
from promises.kernel.actors import Role
from tests.browser import AXE
from tests.desk.imports.ground import SIMPLE
from tests.factories.identity import make_organisation
from tests.http.site import served
from tests.web.staff import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("as_application"), pytest.mark.no_cover]

CSV = (
    "id,arrived,started\n"
    + "".join(f"a{n},2026-03-02 10:{n:02d}:00,2026-03-02 10:{n + 5:02d}:00\n" for n in range(9))
    + "b,2026-03-02 10:00:00,2026-03-02 09:59:00\nc,yesterday,2026-03-02 09:59:00\n"
)


@pytest.fixture
def site(app):
    with served(app) as address:
        yield address


def assert_accessible(page):
    found = Axe().run(page, options=AXE)
    assert found.response["violations"] == [], json.dumps(found.response["violations"], indent=1)
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, f"{page.url} is {width} px too wide"
    if folder := os.environ.get("SCREENSHOTS"):
        name = page.url.split("/staff/", 1)[1].replace("/", "_")[-20:]
        width = page.viewport_size["width"]
        state = (
            page.locator(".main .tag").first.inner_text()
            if page.locator(".main .tag").count()
            else ""
        )
        page.screenshot(path=f"{folder}/{name}_{state[:9]}_{width}.png", full_page=True)


@pytest.mark.parametrize(
    ("width", "scheme", "lang"), [(390, "light", "fi"), (1280, "dark", "sv"), (1280, "light", "en")]
)
def test_manager_imports_a_file_and_sees_it_end(app, browser, site, width, scheme, lang):
    made = make_organisation()
    context = signed_in(app, browser, site, made, width, scheme, lang)
    page = context.new_page()
    wrong = []
    page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    at = f"/o/{made.slug}/staff/imports"

    for rest in ("", "/mappings", "/mappings/new", "/mappings/json"):
        page.goto(f"{at}{rest}")
        assert_accessible(page)
    page.goto(f"{at}/new")
    assert_accessible(page)
    page.locator('input[type="file"]').set_input_files(
        {"name": "calls.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    )
    page.locator("form[enctype] button").click()
    page.wait_for_url(f"**{at}/*-*")
    assert_accessible(page)
    address = page.url

    page.locator('form[action$="/start"] button').click()
    page.wait_for_url(address)
    expect(page.locator("progress")).to_be_visible()
    assert_accessible(page)
    with made.work(None) as uow:
        import_id = one(uow.session, "SELECT id FROM imports").id
    worker = threading.Thread(target=_run, args=(app, made.id, import_id))
    worker.start()
    link = page.locator(f'#progress a[href$="{import_id}"]')
    expect(link).to_be_visible(timeout=15_000)
    worker.join()
    link.click()
    expect(page.locator(".stats")).to_contain_text("10")
    assert_accessible(page)
    for rest in ("/tickets", "/problems", "/take-back"):
        page.goto(f"{address}{rest}")
        assert_accessible(page)
    context.close()
    assert wrong == []


def signed_in(app, browser, site, made, width, scheme, lang):
    """A manager's browser, where a mapping is kept already."""
    with made.work(Role.MANAGER) as uow:
        save_mapping(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now, name="Calls",
            document=SIMPLE,
        )  # fmt: skip
    context = browser.new_context(
        base_url=site, viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    cookies = {
        f"{app.config['LUPAUS_COOKIES']}-staff": sign_in(app.test_client(), made, Role.MANAGER),
        "lupaus-lang": lang,
    }
    context.add_cookies(
        [{"name": name, "value": value, "url": site} for name, value in cookies.items()]
    )
    return context


def _run(app, organisation_id, import_id):
    with app.app_context():
        run_import.run(organisation_id, import_id)
