"""A browser that hangs at its end does not hold up the run."""

import os
import signal
import time

import pytest

from tests import browser
from tests.browser import family, launched

pytestmark = [pytest.mark.browser, pytest.mark.no_cover]


def chromiums():
    return [pid for pid, words in family(os.getpid()) if "--headless" in words]


def test_browser_that_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr(browser, "CLOSING_S", 1)
    with launched() as chromium:
        page = chromium.new_page()
        page.goto("data:text/html,<p>hello")
        stopped = chromiums()
        assert stopped
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        begun = time.monotonic()
    assert time.monotonic() - begun < browser.CLOSING_S + 20
    assert not chromiums()
    with launched() as chromium:
        assert chromium.new_page().evaluate("1 + 1") == 2
