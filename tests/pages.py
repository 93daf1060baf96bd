"""What every page must be, checked on each page that any test fetches."""

import re
from html.parser import HTMLParser

from flask.testing import FlaskClient

_VOID_LABEL_TYPES = ("hidden", "submit", "button", "image", "reset")


class Page(HTMLParser):
    """Collects what the checks look at."""

    def __init__(self):
        super().__init__()
        self.problems = []
        self.headings = []
        self.ids = []
        self.labelled = set()
        self.controls = []
        self.references = []
        self.titles = 0
        self.drawings = 0
        self.words = []
        self.lang = None
        self._form = None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if given.get("id") is not None:
            self.ids.append(given["id"])
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        self.drawings += tag == "svg"
        self.titles += tag == "title" and not self.drawings
        if tag == "html":
            self.lang = given.get("lang")
        self._check_attributes(tag, given)
        self._check_form(tag, given)
        self._note_labels(tag, given)

    def handle_endtag(self, tag):
        self.drawings -= tag == "svg"
        if tag == "form" and self._form is not None:
            if self._form["post"] and not self._form["token"]:
                self.problems.append(f"a form that posts has no CSRF token: {self._form['to']}")
            self._form = None

    def handle_data(self, data):
        self.words.append(data)

    def _check_attributes(self, tag, given):
        for name in given:
            if name.startswith("on") or name == "style":
                self.problems.append(f"<{tag}> has an inline {name}")
        if tag == "script" and not given.get("nonce"):
            self.problems.append("a script has no nonce")
        if tag == "style":
            self.problems.append("there is an inline style sheet")
        if tag == "img" and "alt" not in given:
            self.problems.append("an image has no alt")
        if tag == "a" and given.get("href") is None:
            self.problems.append("a link leads nowhere")

    def _check_form(self, tag, given):
        if tag == "form":
            self._form = {
                "post": given.get("method", "get").lower() == "post",
                "token": False,
                "to": given.get("action"),
            }
        if tag == "input" and given.get("name") == "csrf_token" and self._form is not None:
            self._form["token"] = bool(given.get("value"))

    def _note_labels(self, tag, given):
        if tag == "label" and given.get("for"):
            self.labelled.add(given["for"])
        if tag in ("select", "textarea") or (
            tag == "input" and given.get("type", "text") not in _VOID_LABEL_TYPES
        ):
            self.controls.append(given)
        for name in ("aria-labelledby", "aria-describedby"):
            self.references += (given.get(name) or "").split()


def problems(html):
    """Everything that is wrong with a whole page; empty when it is as it has to be."""
    page = Page()
    page.feed(html)
    return faults(page)


def faults(page):
    """The same for a page that has been read."""
    found = list(page.problems)
    if page.headings.count(1) != 1:
        found.append(f"there are {page.headings.count(1)} H1")
    found += [
        f"a heading jumps from {before} to {after}"
        for before, after in zip(page.headings, page.headings[1:], strict=False)
        if after > before + 1
    ]
    if page.titles != 1:
        found.append(f"there are {page.titles} titles")
    if page.lang not in ("fi", "sv", "en"):
        found.append(f"the language is {page.lang}")
    found += [f"id {one!r} stands twice" for one in set(page.ids) if page.ids.count(one) > 1]
    found += [f"id {one!r} does not exist" for one in page.references if one not in page.ids]
    found += [
        f"a field has no label: {control.get('name')}"
        for control in page.controls
        if control.get("id") not in page.labelled and not control.get("aria-label")
    ]
    if re.search(r"\b(please|oops|invalid)\b", " ".join(page.words), re.IGNORECASE):
        found.append("it says please, oops or invalid")
    return found


class CheckedClient(FlaskClient):
    """A test client that fails on a page which is not as it has to be.

    Each request has an application context of its own, as in life: a test that holds one open
    would otherwise share what the requests remember in `g`.
    """

    def open(self, *args, **kwargs):
        with self.application.app_context():
            response = super().open(*args, **kwargs)
        if response.mimetype == "text/html":
            text = response.get_data(as_text=True)
            if text.lstrip().lower().startswith("<!doctype"):
                wrong = problems(text)
                assert not wrong, f"{response.request.path}: {'; '.join(wrong)}"
        return response
