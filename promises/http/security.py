"""What every response and every request is held to: headers, nonces, CSRF, sizes, hosts."""

import secrets
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Config

LARGEST_BODY = 1_000_000
LARGEST_FORM_FIELD = 200_000
MOST_FORM_PARTS = 1000

View = TypeVar("View", bound=Callable[..., Any])

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # links to tickets and resets are secrets
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HSTS = "max-age=31536000"

READING = frozenset({"GET", "HEAD", "OPTIONS"})

csrf = CSRFProtect()


def csp_nonce() -> str:
    """Made at the first use: an error before any view still gets its headers."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def let_be_framed() -> None:
    """This answer may stand in a frame of any other site. Only for pages that know nobody and do
    nothing."""
    g.may_be_framed = True


def let_be_fetched(response: Response) -> None:
    """Pages of other sites may show and read this answer: it is the same for everybody."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def large_body(most_bytes: int) -> Callable[[View], View]:
    """For a view that takes files: how much it accepts in place of the usual limit."""

    def mark(view: View) -> View:
        cast(Any, view).lupaus_largest_body = most_bytes
        return view

    return mark


def init_app(app: Flask, config: Config) -> None:
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM_FIELD,
        MAX_FORM_PARTS=MOST_FORM_PARTS,
        WTF_CSRF_CHECK_DEFAULT=False,  # _refuse_early asks for it, and not for what only reads
        # the last one signs, any of them is taken
        WTF_CSRF_SECRET_KEY=[key for key in (config.other_secret_key, config.secret_key) if key],
        WTF_CSRF_TIME_LIMIT=None,  # good as long as the form cookie
        WTF_CSRF_SSL_STRICT=False,  # it wants a referrer, which our own policy withholds
        TRUSTED_HOSTS=_hosts(config),
        LUPAUS_HSTS=config.cookie_secure,
    )
    if config.trusted_proxies:
        proxies = config.trusted_proxies
        # Flask's own way to wrap an application
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.before_request(_refuse_early)
    csrf.init_app(app)
    app.after_request(_secure)
    app.jinja_env.globals["csp_nonce"] = csp_nonce


def _hosts(config: Config) -> list[str]:
    """The host of our own links; on one machine also the names of that machine."""
    named = urlsplit(config.base_url).hostname or "localhost"
    return [named, "localhost", "127.0.0.1", "[::1]"] if config.embedded else [named]


def _refuse_early() -> None:
    """Before forms are read: what is too large for its route, and bytes that no address of ours
    holds."""
    rule = request.url_rule
    if rule is not None:
        view = current_app.view_functions[rule.endpoint]
        request.max_content_length = getattr(view, "lupaus_largest_body", LARGEST_BODY)
    if "\x00" in request.path or any("\x00" in value for value in request.args.values()):
        abort(404)
    if request.method in READING:
        return
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)
    csrf.protect(apply_exemptions=True)


def _policy() -> str:
    scripts = f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
    framers = "*" if "may_be_framed" in g else "'none'"
    return (
        f"default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {framers}; manifest-src 'self'"
    )


def _secure(response: Response) -> Response:
    """Adds what the view has not said itself. Looks at the names once: polls come through here."""
    headers = response.headers
    said = {name.lower() for name in headers.keys()}  # noqa: SIM118  the headers iterate pairs
    if "may_be_framed" in g:
        said.add("x-frame-options")
    for name, value in _HEADERS.items():
        if name.lower() not in said:
            headers.add(name, value)
    if "content-security-policy" not in said:
        headers.add("Content-Security-Policy", _policy())
    if current_app.config["LUPAUS_HSTS"] and "strict-transport-security" not in said:
        headers.add("Strict-Transport-Security", _HSTS)
    if "cache-control" not in said:
        headers.add("Cache-Control", "no-store")
    return response
