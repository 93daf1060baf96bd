"""A real Chromium for tests. A package that wants one imports the fixture in its conftest.py."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
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

CLOSING_S = 30
"""How long a browser may take to end by itself."""
expect.set_options(timeout=15_000)
"""Patience costs nothing where the thing comes; the usual five seconds pass on a busy machine."""


def find_chromium():
    """The path of the browser, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def launched():
    """A Chromium that is gone at the end, whether it wants to or not."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium here; set CHROMIUM to one")
    playwright = sync_playwright().start()
    try:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        with ended_by_force("chrom"):
            chromium.close()
    finally:
        with ended_by_force("playwright"):
            playwright.stop()


@contextlib.contextmanager
def ended_by_force(name):
    """What is done inside waits, without a limit of its own, for programs of this name to end;
    those that this process started are killed when it takes too long."""
    timer = threading.Timer(CLOSING_S, _kill, (name,))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _kill(name):
    for pid, words in family(os.getpid()):
        if name in words:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def family(ancestor):
    """The living descendants of a process: pairs of the pid and the command line."""
    told = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in told.splitlines()]
    known, size = {ancestor}, 0
    while len(known) > size:
        size = len(known)
        known |= {int(pid) for pid, parent, *_ in rows if int(parent) in known}
    return [(int(pid), *words) for pid, _, *words in rows if words and int(pid) in known]


@pytest.fixture(scope="module")
def browser():
    """One browser for a module; make a context of it for every test."""
    with launched() as chromium:
        yield chromium


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
