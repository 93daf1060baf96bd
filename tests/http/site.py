"""A small site on the real layouts, macros and scripts: what is tested here is the frame of every
page, before any page of the product stands in it."""

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from flask import Flask, flash, make_response, redirect, render_template_string, request
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.serving import make_server
from wtforms import BooleanField, IntegerField, PasswordField, RadioField, StringField
from wtforms.validators import DataRequired, NumberRange, Optional

from promises.http import i18n
from promises.http.forms import Form, options

CSP = (
    "default-src 'none'; script-src 'self' 'nonce-abc'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; manifest-src 'self'"
)
QUEUE = """{% import "ui.html" as ui %}
<p class="visually-hidden" data-announce data-badge="{{ tickets|length }}">
{{ tickets|length }} waiting</p>
<ol class="queue">{% for number in tickets %}
{% call ui.queue_row(number, "#", "Loans", "3 min", arrived, due, now) %}
<button type="button" id="open-{{ number }}">Open {{ number }}</button>
{% endcall %}{% endfor %}</ol>"""
COUNTER = (
    """{% extends "staff.html" %}{% set page_title = "Counter" %}{% set active = "desk" %}
{% block content %}
<p id="served">Served {{ served }}</p>
{{ ui.action_button("Call next", "/next", key="space", live=true, id="call") }}
{{ ui.action_button("Slow", "/slow", key="n", id="slow") }}
{{ ui.link_button("Elsewhere", "/elsewhere", key="g e") }}
<label for="note">Note</label><input id="note">
{% call ui.live("/queue", "waiting", interval=200) %}"""
    + QUEUE
    + """{% endcall %}
{% if undo %}{{ ui.undo_toast("Called 7", "#", undo, now) }}{% endif %}
{% endblock %}"""
)
TICKET = """{% extends "public.html" %}{% set page_title = "Your number" %}{% block content %}
{% call ui.live("/ticket/now", "ticket", interval=60000, public=true) %}
{{ ui.ring(arrived, due, now, "left", "time is up") }}<p id="verdict">open</p>{% endcall %}
{% endblock %}"""
FORM = """{% extends "staff.html" %}{% set page_title = "Add a branch" %}{% block content %}
{% call forms.form(form, submit="Save") %}{{ forms.field(form.name, hint="As customers know it") }}
{{ forms.field(form.limit, suffix="min", width="xs") }}{{ forms.field(form.leavers) }}
{{ forms.field(form.agree) }}{{ forms.field(form.secret) }}{% endcall %}{% endblock %}"""
KIOSK = """{% extends "bare.html" %}{% set page_title = "Welcome" %}
{% block modules %}{{ module("kiosk") }}{% endblock %}
{% block body_attributes %} data-idle-seconds="2" data-idle-warning="1.2"
data-idle-href="/start"{% endblock %}
{% block content %}{{ ui.idle_dialog("/start") }}{% endblock %}"""
PLAIN = """{% extends "public.html" %}{% set page_title = title %}"""


class BranchForm(Form):
    name = StringField("Name", [DataRequired("Enter the name of the branch")])
    limit = IntegerField("Minutes", [Optional(), NumberRange(1, 240, "Enter 1 to 240 minutes")])
    leavers = RadioField(
        "Leavers",
        choices=options([("a", "Left out"), ("b", "Kept")]),
        validators=[DataRequired("Choose")],
    )
    agree = BooleanField("Show it")
    secret = PasswordField("Password", [Optional()])


class State:
    """What the site remembers between requests."""

    def __init__(self):
        self.version = 1
        self.tickets = [7, 8, 9]
        self.served = 0
        self.slow = 0
        self.polls = []
        self.down = False
        self.undo_for = None
        self.skew = timedelta()
        self.promise_from_now(timedelta(minutes=15))

    def now(self):
        """The server's clock, which the device need not share."""
        return datetime.now(UTC) + self.skew

    def promise_from_now(self, left):
        """Everybody waiting is promised service within 15 minutes; so much of it is left."""
        self.due = self.now() + left


def make_site():
    app = Flask("promises", static_folder="static", template_folder="http/templates")
    app.secret_key = "only here"
    app.config["WTF_CSRF_ENABLED"] = True
    app.jinja_env.undefined = StrictUndefined
    CSRFProtect(app)
    app.jinja_env.globals["csp_nonce"] = lambda: "abc"
    i18n.init_app(app)
    state = State()
    app.context_processor(lambda: _context(state))
    app.after_request(_secured)
    _counter_pages(app, state)
    _other_pages(app, state)
    return app, state


def _context(state):
    return {
        "organisation": {"name": "Aito Säästöpankki"},
        "home_href": "/",
        "member": {"name": "Maija", "role_name": "Manager"},
        "navigation": [{"id": "desk", "label": "Counter", "href": "/", "icon": "bell"}],
        "sign_out_href": "/out",
        "now": state.now(),
        "arrived": state.due - timedelta(minutes=15),
        "due": state.due,
    }


def _secured(response):
    response.headers["Content-Security-Policy"] = CSP
    return response


def _counter_pages(app, state):
    @app.get("/")
    def counter():
        until = state.undo_for and state.now() + state.undo_for
        return render_template_string(
            COUNTER, served=state.served, tickets=state.tickets, undo=until
        )

    @app.get("/queue")
    def queue():
        if state.down:
            return "", 503
        etag = f'"{state.version}"'
        state.polls.append(request.headers.get("If-None-Match"))
        if state.polls[-1] == etag:
            return "", 304
        answer = make_response(render_template_string(QUEUE, tickets=state.tickets))
        answer.headers["ETag"] = etag
        return answer

    @app.post("/next")
    def call_next():
        state.served += 1
        state.version += 1
        state.tickets = state.tickets[1:]
        flash("Called", "success")
        return redirect("/", 303)

    @app.post("/slow")
    def slow():
        state.slow += 1
        time.sleep(0.8)
        return redirect("/elsewhere", 303)


def _other_pages(app, state):
    @app.get("/ticket")
    def ticket():
        return render_template_string(TICKET)

    @app.get("/ticket/now")
    def ticket_now():
        now = state.now()
        late = now >= state.due
        headers = {"X-Now": str(int(now.timestamp() * 1000))}
        return ('<p id="verdict">broken</p>', headers) if late else ("", 304, headers)

    @app.route("/form", methods=["GET", "POST"])
    def form():
        branch = BranchForm()
        if branch.validate_on_submit():
            return redirect("/elsewhere", 303)
        return render_template_string(FORM, form=branch)

    @app.get("/kiosk")
    def kiosk():
        return render_template_string(KIOSK)

    @app.get("/start")
    @app.get("/elsewhere")
    def plain():
        return render_template_string(PLAIN, title=request.path)


class KeptStatic:
    """Scripts and styles do not change while tests run: a browser keeps them, as it does behind a
    proxy, and need not ask a dozen times for each page."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        if not environ["PATH_INFO"].startswith("/static/"):
            return self.app(environ, start_response)

        def start(status, headers, *more):
            kept = [pair for pair in headers if pair[0].lower() != "cache-control"]
            return start_response(status, [*kept, ("Cache-Control", "max-age=3600")], *more)

        return self.app(environ, start)


@contextmanager
def served(app):
    """The site on a free port of the loopback interface."""
    server = make_server("127.0.0.1", 0, KeptStatic(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
