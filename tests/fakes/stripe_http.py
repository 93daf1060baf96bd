"""The wire of the fake Stripe: requests in, answers out, and what spoils them on the way."""

import contextlib
import json
import sys
import time
from dataclasses import asdict, dataclass, field, is_dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from tests.fakes.stripe_books import Refused
from tests.fakes.stripe_params import BadParameter, checked, from_form
from tests.fakes.stripe_routes import route_of

LONGEST_SILENCE_S = 30

_STATUSES = {"pending", "failed", "processing"}
_REFUSALS = {
    "429": (429, {"type": "invalid_request_error", "code": "rate_limit"}),
    "409": (409, {"type": "invalid_request_error", "code": "idempotency_key_in_use"}),
    "401": (401, {"type": "invalid_request_error"}),
    "403": (403, {"type": "invalid_request_error"}),
    "500_passing": (500, {"type": "api_error"}),
}
_BEFORE = {"drop_before", "timeout_before", "502_before", "answer", *_REFUSALS}
_AFTER = {"drop_after", "timeout_after", "502_after", "cut_after", "drip_after", "drip_head_after"}
_WITHIN = {"500_before", "500_after", "balance_insufficient", "late", *_STATUSES}
KINDS = _BEFORE | _AFTER | _WITHIN
_ERROR = {"error": {"type": "api_error", "message": "An unknown error occurred"}}
_CUT = "cut"  # no header: the answer ends in its middle
_DRIP = "drip"  # neither: the answer comes a byte at a time, from its head or its body on
_DRIP_EVERY_S = 0.05
_BAD_GATEWAY = b"<html>Bad gateway</html>"


@dataclass
class Fault:
    kind: str
    on: str
    times: int
    status: int = 200
    body: object = None
    headers: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A request that came. `status` is None where no answer was given."""

    what: str
    key: str | None
    status: int | None
    replayed: bool


class Silence(Exception):
    """The caller gets no answer."""


class Scripted(Exception):
    def __init__(self, status, body, headers=None):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, fake):
        super().__init__(address, _Handler)
        self.fake = fake

    def handle_error(self, request, client_address):
        """Callers that hang up are what this server is for."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._take("GET")

    def do_POST(self):
        self._take("POST")

    def _take(self, method):
        self.fake = self.server.fake
        self.request_id = self.fake.next_request_id()
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the caller died while it spoke: not a request
            self.close_connection = True
            return
        url = urlsplit(self.path)
        if url.path == "/_fake":
            self._send(200, _bytes(_told(self.fake, json.loads(body))))
            return
        what, key = f"{method} {url.path}", self.headers.get("Idempotency-Key")
        if self.fake.latency_s:
            time.sleep(self.fake.latency_s)
        try:
            status, answer, more = self._answer(what, url, body, key)
        except Silence:
            self.fake.note(what, key, None)
            self.close_connection = True
            return
        self.fake.note(what, key, status, "Idempotent-Replayed" in more)
        self._send(status, answer, more)

    def _answer(self, what, url, body, key):
        try:
            return self._served(what, url, body, key)
        except Refused as refusal:
            return refusal.status, _bytes(refusal.body), {}
        except BadParameter as bad:
            refusal = Refused(400, bad.message, param=bad.param, code=bad.code)
            return 400, _bytes(refusal.body), {}
        except Scripted as scripted:
            return scripted.status, _bytes(scripted.body), scripted.headers

    def _served(self, what, url, body, key):
        caller = self.fake.caller(self.headers.get("Authorization"))
        method, path = what.split(" ", 1)
        route, ids = route_of(method, unquote(path))
        self.fake.limit(route.name)
        self._fail_before(what)
        params = self._params(route, url.query, body)
        asked = _Asked(self, what, route, caller, ids, params, key or self.request_id)
        status, answer, more = asked.read() if method == "GET" else asked.write()
        return self._fail_after(what, status, answer, more)

    def _params(self, route, query, body):
        if route.method == "POST" and route.version == 2:
            return checked(json.loads(body or b"{}"), route.params, form=False)
        values = from_form(body.decode() if route.method == "POST" else query)
        # the address of a further page of API v2 carries its number
        page = {"page": values.pop("page")} if route.version == 2 and "page" in values else {}
        return checked(values, route.params, form=True) | page

    def _fail_before(self, what):
        fault = self.fake.take_fault(what, _BEFORE)
        if fault is None:
            return
        if fault.kind in _REFUSALS:
            status, error = _REFUSALS[fault.kind]
            raise Refused(status, "Injected", **error)
        if fault.kind == "answer":
            raise Scripted(fault.status, fault.body, fault.headers)
        if fault.kind == "502_before":
            raise Scripted(502, _BAD_GATEWAY)
        self._fall_silent(fault.kind)

    def _fail_after(self, what, status, answer, more):
        fault = self.fake.take_fault(what, _AFTER)
        if fault is None:
            return status, answer, more
        if fault.kind == "502_after":
            return 502, _BAD_GATEWAY, more
        if fault.kind == "cut_after":
            return status, answer, more | {_CUT: "1"}
        if fault.kind.startswith("drip"):
            return status, answer, more | {_DRIP: fault.kind}
        return self._fall_silent(fault.kind)

    def _fall_silent(self, kind):
        if kind.startswith("timeout"):
            self.wait_till_gone()
        raise Silence

    def wait_till_gone(self):
        self.connection.settimeout(LONGEST_SILENCE_S)
        with contextlib.suppress(OSError):
            self.connection.recv(1)

    def _drip(self, content):
        """Until the caller has had enough."""
        with contextlib.suppress(OSError):
            self.wfile.flush()
            for byte in content:
                self.connection.sendall(bytes([byte]))
                time.sleep(_DRIP_EVERY_S)

    def _send(self, status, body, more=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-Id", self.request_id)
        cut, drip = (more or {}).pop(_CUT, None), (more or {}).pop(_DRIP, None)
        if drip == "drip_head_after":
            self._headers_buffer.clear()
            self._drip(b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 1000)
            self.close_connection = True
            return
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if drip:
            self._drip(body)
            self.close_connection = True
            return
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()
        self.close_connection = self.close_connection or bool(cut)


@dataclass
class _Asked:
    """One request that was let in."""

    handler: _Handler
    what: str
    route: object
    caller: object
    ids: dict
    params: dict
    key: str

    @property
    def fake(self):
        return self.handler.fake

    @property
    def named(self):
        """What the key is kept under."""
        return self.caller.account, self.key, self.route.version

    def read(self):
        with self.fake.lock:
            return 200, _bytes(_shown(self._serve())), {}

    def write(self):
        """Once for each key."""
        account, key, version = self.named
        asked = (self.what, json.dumps(self.params, sort_keys=True))
        with self.fake.lock:
            saved = self.fake.keys.begin(account, key, asked, version, self.handler.request_id)
        if saved is not None:
            more = {"Idempotent-Replayed": "true", "Original-Request": saved.request_id}
            return saved.status, saved.body, more
        fault = self.fake.take_fault(self.what, _WITHIN)
        kind = fault.kind if fault else None
        if kind == "late":
            self._late()
            raise Silence
        with self.fake.lock:
            return self._once(kind)

    def _late(self):
        with self.fake.lock:
            self.fake.late += 1
        self.handler.wait_till_gone()
        self.fake.released.wait(LONGEST_SILENCE_S)
        with self.fake.lock:
            self._once(None)
            self.fake.late -= 1

    def _once(self, kind):
        status, shown, kept = self._effect(kind)
        body = _bytes(shown)
        if self.route.version == 1:
            if kind == "500_after":
                status, body = 500, _bytes(_ERROR)
            self._keep(status, body, kept)
        else:
            self._keep(status, body, status == 200)
            if kind == "500_after":
                status, body = 500, _bytes(_ERROR)
        return status, body, {}

    def _keep(self, status, body, kept):
        if kept:
            self.fake.keys.end(*self.named, status, body)
        else:
            self.fake.keys.forget(*self.named)

    def _effect(self, kind):
        """Status, what is answered, and whether API v1 keeps it."""
        v2 = self.route.version == 2
        if kind == "500_before":
            return 500, _ERROR, True
        try:
            if kind == "balance_insufficient":
                why = {"type": "insufficient_funds"} if v2 else {"code": "balance_insufficient"}
                raise Refused(400, "Insufficient funds", **why)
            if kind in _STATUSES:
                self.fake.books.next_status["v2" if v2 else "v1"] = (kind, {})
            thing = self._serve()
        except Refused as refusal:
            return refusal.status, refusal.body, refusal.kept
        self.fake.events.happened(thing)
        return 200, _shown(thing), True

    def _serve(self):
        return self.route.serve(self.fake.books, self.caller, self.ids, self.params)


def _shown(thing):
    """Without what only the fake knows."""
    if isinstance(thing, dict):
        return {name: _shown(of) for name, of in thing.items() if not name.startswith("_")}
    return [_shown(one) for one in thing] if isinstance(thing, list) else thing


def _bytes(shown):
    return shown if isinstance(shown, bytes) else json.dumps(shown).encode()


def _told(fake, call):
    """A method of the fake, called from another process."""
    return _packed(getattr(fake, call["name"])(*call["args"], **call["kwargs"]))


def _packed(value):
    if isinstance(value, list):
        return [_packed(one) for one in value]
    if is_dataclass(value):
        fields = {
            name: of.decode() if isinstance(of, bytes) else of for name, of in asdict(value).items()
        }
        return {**fields, "_is": type(value).__name__}
    return value
