"""A real Chromium for tests. A package that wants one imports the fixture in its conftest.py."""

import os
import shutil
import time

import pytest
from playwright.sync_api import expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")

AXE = {"runOnly": {"type": "tag", "values": list(WCAG)}, "resultTypes": ["violations"]}
"""Of what is fine axe describes each element unless it is told not to, which takes far longer."""

expect.set_options(timeout=15_000)
"""Patience costs nothing where the thing comes; the usual five seconds pass on a busy machine."""


def find_chromium():
    """The path of the browser, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser():
    """One browser for a module; make a context of it for every test."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium here; set CHROMIUM to one")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


def press(page, key):
    """A shortcut, once the page listens: its scripts run after its text can be read, and a person
    is never as quick as a busy machine is slow."""
    page.locator("html[data-keys-on]").wait_for(state="attached")
    page.keyboard.press(key)


def one_is_quick(tries, seconds):
    """Of a few tries one at least is over within `seconds`: a busy machine is late now and then, a
    page that asks too rarely always. Each is a pair of calls, what is done and what is then seen.
    """
    took = []
    for act, see in tries:
        act()
        begun = time.monotonic()
        see()
        took.append(time.monotonic() - begun)
        if took[-1] <= seconds:
            return
    raise AssertionError(f"the quickest of {len(took)} took {min(took):.1f} s")
