"""A page taken apart: its title, headings, forms and visible text, for tests that read it."""

from collections import Counter
from html.parser import HTMLParser

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source")
    + ("track", "wbr", "path", "circle", "rect", "line", "use", "polyline", "polygon", "ellipse")
)


class Page(HTMLParser):
    """A parsed page: its title, headings, ids, scripts, forms and visible text."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.title, self.text = "", ""
        self.h1, self.ids, self.scripts, self.styles, self.handlers = [], [], [], [], []
        self.forms, self.lang = [], None
        self._stack = []
        self.feed(html)
        self.close()
        assert self._stack == [], f"elements left open: {self._stack}"

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"])
        if "style" in values or tag == "style":
            self.styles.append(values.get("style", tag))
        self.handlers += [name for name in values if name.startswith("on")]
        if tag == "html":
            self.lang = values.get("lang")
        if tag == "h1":
            self.h1.append("")
        if tag == "script":
            self.scripts.append(values)
        if tag == "form":
            self.forms.append((values.get("method", "get"), values.get("action", ""), {}))
        if tag == "input" and self.forms and values.get("type") == "hidden":
            self.forms[-1][2][values.get("name")] = values.get("value", "")
        if tag not in VOID:
            self._stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._stack.pop()

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self._stack and self._stack[-1] == tag, f"</{tag}> closes {self._stack[-1:]}"
        self._stack.pop()

    def handle_data(self, data):
        if "title" in self._stack and "svg" not in self._stack:
            self.title += data
        if "h1" in self._stack:
            self.h1[-1] += data
        if not {"script", "style", "title"} & set(self._stack):
            self.text += data


def check_page(response):
    """One H1 that begins the title, unique ids, a language, scripts with a nonce, nothing inline,
    a token in every form that posts, the security headers. Returns the parsed page."""
    assert response.mimetype == "text/html"
    page = Page(response.text)
    assert len(page.h1) == 1, page.h1
    heading = " ".join(page.h1[0].split())
    assert heading in " ".join(page.title.split()), (heading, page.title)
    doubled = [name for name, count in Counter(page.ids).items() if count > 1]
    assert doubled == []
    assert page.lang in ("fi", "sv", "en")
    policy = response.headers["Content-Security-Policy"]
    for script in page.scripts:
        assert script.get("nonce") and f"'nonce-{script['nonce']}'" in policy
    assert page.styles == [] and page.handlers == []
    for method, action, fields in page.forms:
        if method.lower() == "post":
            assert fields.get("csrf_token"), f"the form for {action} has no token"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    return page


def form_fields(html, action):
    """The hidden fields, token included, of the form that posts to `action`."""
    found = [fields for _method, target, fields in Page(html).forms if target == action]
    assert found, f"no form posts to {action}"
    return found[0]
