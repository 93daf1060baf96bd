"""The whole service in a real browser: one Chromium, one server, one full organisation."""

import logging

import pytest
from playwright.sync_api import sync_playwright

from tests.browser import ARGUMENTS, find_chromium
from tests.factories.world import FullWorld
from tests.http.site import served


@pytest.fixture(scope="package")
def browser():
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium here; set CHROMIUM to one")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def site(app):
    """The address of the service as the application role, in threads, on loopback."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with served(app) as address:
        yield address


@pytest.fixture(scope="package")
def world(app):
    """A full organisation. Tests that share it only look."""
    with app.app_context():
        return FullWorld()
