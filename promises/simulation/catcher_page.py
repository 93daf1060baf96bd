"""The page that shows what the mail catcher caught. Loopback only, read only, no scripts."""

import re
import secrets
from collections.abc import Callable, Sequence
from html import escape
from http.server import BaseHTTPRequestHandler
from typing import Protocol

from promises.kernel.text import LOCALES, N_, ntranslate, translate

HOSTS = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
_LINK = re.compile(r"https?://[^\s<>\"']+")

_STYLE = """
:root { color-scheme: light dark; --ink: #1b2530; --soft: #51606e; --paper: #f5f6f4;
  --card: #fff; --line: #d7dcd9; --link: #0b5568; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecec; --soft: #a9b6bd; --paper: #141a1f;
  --card: #1d252b; --line: #34404a; --link: #8ed3e4; } }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.0625rem; margin: 0 0 .25rem; }
p { margin: 0 0 1.5rem; color: var(--soft); }
article { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: 1rem 1.25rem; margin: 0 0 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 .75rem; margin: 0;
  color: var(--soft); font-size: .875rem; }
dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: .75rem 0 0; }
a { color: var(--link); }
"""


class Mail(Protocol):
    """A caught mail."""

    @property
    def to(self) -> tuple[str, ...]: ...
    @property
    def sender(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def date(self) -> str: ...
    @property
    def body(self) -> str: ...


def render(mails: Sequence[Mail], locale: str, nonce: str) -> str:
    """The whole page; everything that came in is escaped."""
    title = translate(locale, N_("Mail that was sent"))
    count = ntranslate(
        locale,
        "%(n)s message. It went nowhere: this page is all that sees it.",
        "%(n)s messages. They went nowhere: this page is all that sees them.",
        len(mails),
    )
    none = translate(locale, N_("Nothing has been sent yet."))
    again = translate(locale, N_("Look again"))
    shown = "".join(_article(mail, locale) for mail in mails)
    return (
        f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>"
        f'<style nonce="{nonce}">{_STYLE}</style></head><body><main>'
        f"<h1>{escape(title)}</h1><p>{escape(count if mails else none)} "
        f'<a href="/">{escape(again)}</a></p>{shown}'
        "</main></body></html>"
    )


def _article(mail: Mail, locale: str) -> str:
    rows = (
        (translate(locale, N_("Recipient")), ", ".join(mail.to)),
        (translate(locale, N_("Sender")), mail.sender),
        (translate(locale, N_("Sent")), mail.date),
    )
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    heading = mail.subject or translate(locale, N_("Text message"))
    return (
        f"<article><h2>{escape(heading)}</h2><dl>{facts}</dl>"
        f"<pre>{_with_links(mail.body)}</pre></article>"
    )


def _with_links(text: str) -> str:
    parts, position = [], 0
    for found in _LINK.finditer(text):
        address = escape(found.group())
        parts.append(escape(text[position : found.start()]))
        parts.append(f'<a href="{address}" rel="noreferrer">{address}</a>')
        position = found.end()
    return "".join([*parts, escape(text[position:])])


def preferred_locale(accepted: str) -> str:
    """The first language of an Accept-Language header that we speak, else English."""
    for part in accepted.lower().split(","):
        language = part.split(";")[0].strip()[:2]
        if language in LOCALES:
            return language
    return "en"


def make_handler(mails: Callable[[], Sequence[Mail]]) -> type[BaseHTTPRequestHandler]:
    """A handler class over a source of mails."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not HOSTS.fullmatch(self.headers.get("Host", "")):
                self.send_error(421)  # a name that only points at this machine
            elif self.path != "/":
                self.send_error(404)
            else:
                self._send_page()

        def _send_page(self) -> None:
            nonce = secrets.token_urlsafe(16)
            locale = preferred_locale(self.headers.get("Accept-Language", ""))
            page = render(mails(), locale, nonce).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.send_header(
                "Content-Security-Policy",
                f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; "
                "form-action 'none'; frame-ancestors 'none'",
            )
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """The supervisor's log is for what goes wrong."""

    return Handler
