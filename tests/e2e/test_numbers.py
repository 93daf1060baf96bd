"""Every number of the staff's pages that links to a list equals what the list adds up to; and the
overview and the promises' pages show no number that leads nowhere."""

import re
from html.parser import HTMLParser

import pytest

from promises.kernel.actors import Role
from tests.e2e.tour import staff_stops
from tests.web.staff import sign_in

NUMBERED = ("", "/promises", "/promises/served-in-15", "/promises/loans-in-5")
"""Pages after /staff on which each number is a link, or one of the kinds below."""

VOID = {"input", "br", "img", "link", "meta", "hr", "source", "path", "rect", "circle"}
UNCOUNTED = {
    "a", "time", "svg", "option", "select", "label", "button", "figcaption", "script", "caption",
    "th", "h1",
}  # fmt: skip
"""Links; times; settings of a form; pictures and their titles, whose figures stand linked in the
table behind them; labels of rows, names of promises. Besides these `data-derived` marks what no
list counts: targets, limits, forecasts, what is left."""
CONSTANTS = re.compile(
    r"last (30|90) days|80 per cent|(Branch|Manager) \d+|^0$"
    r"|[A-Z][a-z]{2,8} \d{1,2}, \d{4}|\d{1,2} [A-Z][a-z]+ \d{4}|\d{1,2}:\d\d(:\d\d)?\s?([AP]M)?"
)
"""Dates, times, names, what a heading says of its own span, and zero, which has nothing to list."""


class Seen(HTMLParser):
    """What a page links, what it totals, and the numbers in its main part that lead nowhere."""

    def __init__(self, text):
        super().__init__()
        self.links, self.totals, self.by_id, self.bare = [], [], {}, []
        self.stack = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "a" and ("data-count" in attrs or "data-minor" in attrs):
            self.links.append((attrs["href"], attrs.get("data-count"), attrs.get("data-minor")))
        if "data-total" in attrs:
            total = attrs["data-total"], attrs.get("data-total-minor")
            if "id" in attrs:
                self.by_id[attrs["id"]] = total
            else:
                self.totals.append(total)
        if tag not in VOID:
            self.stack.append((tag, "data-derived" in attrs))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data):
        inside = any(tag == "main" for tag, _ in self.stack)
        counted = any(tag in UNCOUNTED or derived for tag, derived in self.stack)
        if inside and not counted and re.search(r"\d", CONSTANTS.sub("", data.strip())):
            self.bare.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def manager(app, world):
    client = app.test_client()
    sign_in(client, world.made, Role.MANAGER)
    return client


@pytest.fixture(scope="module")
def pages(app, world, manager):
    """The manager's pages by address."""
    with app.app_context():
        stops = staff_stops(app, world)
    found = {}
    for path in dict.fromkeys(stop.path for stop in stops):
        answer = manager.get(path)
        if answer.status_code == 200 and answer.mimetype == "text/html":
            found[path] = Seen(answer.text)
    return found


def test_every_number_equals_the_list_that_it_links_to(manager, pages):
    links = {(path, *link) for path, seen in pages.items() for link in seen.links}
    assert len(links) > 100
    assert any(minor for _, _, _, minor in links)
    lists, wrong = {}, []
    for path, href, count, minor in sorted(links, key=str):
        address, _, fragment = href.partition("#")
        if address not in lists:
            lists[address] = Seen(manager.get(address).text)
        seen = lists[address]
        total = seen.by_id.get(fragment) if fragment else (seen.totals or [None])[0]
        if total is None:
            wrong.append(f"{path}: {href} says no total")
        elif (count is not None and count != total[0]) or (minor is not None and minor != total[1]):
            wrong.append(f"{path}: {href} is {count}, {minor}; the list {total}")
    assert wrong == []


def test_rows_of_a_list_are_as_many_as_it_says(world, manager):
    base = f"/o/{world.made.slug}/staff"
    for address in ("/cases?state=broken", "/cases?state=decided", "/breaches?stage=spent"):
        text = manager.get(base + address).text
        (total,) = Seen(text).totals
        rows = len(re.findall(r'href="[^"]+/staff/tickets/[^"]+"', text))
        assert rows == int(total[0])
        assert 0 < rows < 50


def test_no_number_of_a_dashboard_leads_nowhere(world, pages):
    base = f"/o/{world.made.slug}/staff"
    assert Seen("<main><svg><path/></svg>7</main>").bare == ["7"]  # what leads nowhere is seen
    bare = {path: pages[base + path].bare for path in NUMBERED}
    assert bare == dict.fromkeys(NUMBERED, [])
