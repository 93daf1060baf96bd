"""A core system by the protocol of docs/account-credits.md, over real HTTP.

It keeps accounts and credits, checks signatures, and makes one credit a payout id. It does wrong
what `faults` says, one a call, and what `fail_next` was told, one a call with an effect:

    drop_before  timeout_before  500_before  429  409   nothing happens
    drop_after   timeout_after   500_after   502_after  it happens, the answer is lost or bad
    (status, body)   answered as it is, nothing happens
    {…}              the answer says this instead

A timeout lasts until the caller hangs up, so it costs what the caller's own timeout costs.
"""

import contextlib
import datetime as dt
import hashlib
import hmac
import json
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = "a-key-of-sixteen-or-more"
PAGE = 2
LONGEST_SILENCE_S = 30

_INSTEAD = {
    "500_before": (500, {}),
    "429": (429, {}),
    "409": (409, {"code": "in_progress"}),
}
_AFTERWARDS = {"500_after": (500, {}), "502_after": (502, b"<html>Bad gateway</html>")}
_SILENT = {f"{kind}_{when}" for kind in ("drop", "timeout") for when in ("before", "after")}
KINDS = _SILENT | _INSTEAD.keys() | _AFTERWARDS.keys()


@dataclass(frozen=True)
class Effect:
    payout_id: str
    ref: str
    status: str

    @property
    def standing(self):
        return self.status in ("accepted", "credited")


class CoreSystem:
    """`accounts`: open, closed or blocked by number. `credits` by payout id, `calls` all requests
    with a right signature, `hosts` by which name they came. `now` is its clock. Not `once`: it
    breaks the first rule of the protocol, and credits again whatever comes again."""

    def __init__(self, mode="test", key=KEY, *, once=True, latency_s=0.0):
        self.mode, self.key = mode, key
        self.once, self.latency_s, self.url = once, latency_s, ""
        self.accounts = {"100": "open", "200": "closed", "300": "blocked"}
        self.credits, self.calls, self.faults = {}, [], []
        self.doubled, self.faults_of_effects, self.hosts = [], [], []
        self.forged = 0
        self.slowly = False
        self.now = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
        self.lock = threading.Lock()

    def fail_next(self, kind):
        assert kind in KINDS, kind
        with self.lock:
            self.faults_of_effects.append(kind)

    def take_fault(self, method):
        with self.lock:
            if method == "POST" and self.faults_of_effects:
                return self.faults_of_effects.pop(0)
            return self.faults.pop(0) if self.faults else None

    def effects(self):
        with self.lock:
            made = [*self.credits.values(), *self.doubled]
        return [Effect(one["payout_id"], one["reference"], one["status"]) for one in made]

    def credit(self, body):
        with self.lock:
            known = self.credits.get(body["payout_id"])
            if known is not None:
                if not self.once:
                    self.doubled.append(known)
                return 200, known
            if body["mode"] != self.mode:
                return 403, {"code": "wrong_mode"}
            state = self.accounts.get(body["account"])
            refusal = {None: "no_such_account", "closed": "account_closed", "blocked": "blocked"}
            if state != "open":
                return 422, {"code": refusal[state]}
            made = {
                name: body[name] for name in ("payout_id", "account", "amount_minor", "currency")
            }
            made |= {
                "status": "accepted" if self.slowly else "credited",
                "reference": f"C-{len(self.credits) + 1}",
                "created_at": self.now.isoformat(),
            }
            self.credits[body["payout_id"]] = made
            return 201, made

    def one(self, payout_id):
        known = self.credits.get(payout_id)
        return (200, known) if known else (404, {"code": "no_such_credit"})

    def page(self, query):
        since, until = (dt.datetime.fromisoformat(query[name][0]) for name in ("since", "until"))
        after = int(query.get("after", ["0"])[0] or 0)
        found = [
            one
            for one in self.credits.values()
            if since <= dt.datetime.fromisoformat(one["created_at"]) < until
        ]
        shown = found[after : after + PAGE]
        following = str(after + PAGE) if len(found) > after + PAGE else None
        return 200, {"credits": shown, "next": following}


class _Handler(BaseHTTPRequestHandler):
    system: CoreSystem

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # the caller died while it spoke: not a request
            return
        self._serve(lambda: self.system.credit(json.loads(body)), body)

    def do_GET(self):
        self._serve(self._read, b"")

    def _read(self):
        target = urlsplit(self.path)
        if target.path == "/core/status":
            return 200, {"name": "Core of the bank", "mode": self.system.mode}
        if target.path == "/core/credits":
            return self.system.page(parse_qs(target.query))
        return self.system.one(target.path.rpartition("/")[2])

    def _serve(self, act, body):
        if not self._signed(body):
            self.system.forged += 1
            return self._answer(401, {"code": "bad_signature"})
        self.system.calls.append((self.command, self.path, self.headers.get("Idempotency-Key")))
        self.system.hosts.append(self.headers["Host"])
        time.sleep(self.system.latency_s)
        fault = self.system.take_fault(self.command)
        if isinstance(fault, dict):
            status, answer = act()
            return self._answer(status, answer | fault)
        if isinstance(fault, tuple):
            return self._answer(*fault)
        if fault in _INSTEAD:
            return self._answer(*_INSTEAD[fault])
        if fault in _SILENT and fault.endswith("_before"):
            return self._fall_silent(fault)
        told = act()
        if fault in _SILENT:
            return self._fall_silent(fault)
        return self._answer(*_AFTERWARDS.get(fault, told))

    def _signed(self, body):
        at, key = self.headers["Lupaus-Time"], self.headers.get("Idempotency-Key", "")
        signed = "\n".join((at, self.command, self.path, key)).encode() + b"\n" + body
        right = hmac.new(self.system.key.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(right, self.headers["Lupaus-Signature"])

    def _fall_silent(self, kind):
        if kind.startswith("timeout"):
            self.connection.settimeout(LONGEST_SILENCE_S)
            with contextlib.suppress(OSError):
                self.connection.recv(1)
        self.close_connection = True
        self.connection.close()

    def _answer(self, status, answer):
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if status in (301, 302):
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content)

    def log_message(self, *args):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Callers that hang up are expected."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def core_system(*, tls=None, **parts):
    """The system and its address; by https where it has `tls`."""
    system = CoreSystem(**parts)
    handler = type("Handler", (_Handler,), {"system": system})
    server = _Server(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        scheme = "http" if tls is None else "https"
        system.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/core"
        yield system, system.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
