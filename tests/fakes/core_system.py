"""A core system by the protocol of docs/account-credits.md, over real HTTP.

It keeps accounts and credits, checks signatures, gives one effect an idempotency key, and does
wrong what `faults` says, one a call: names of the methods below `_fault`.
"""

import contextlib
import datetime as dt
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = "a-key-of-sixteen-or-more"
PAGE = 2


class CoreSystem:
    """`accounts`: open, closed or blocked by number. `credits` by payout id, `calls` all requests
    with a right signature, `hosts` by which name they came. `now` is its clock."""

    def __init__(self, mode="test", key=KEY):
        self.mode, self.key = mode, key
        self.accounts = {"100": "open", "200": "closed", "300": "blocked"}
        self.credits, self.calls, self.faults = {}, [], []
        self.hosts = []
        self.forged = 0
        self.slowly = False
        self.now = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
        self.lock = threading.Lock()

    def credit(self, body):
        with self.lock:
            known = self.credits.get(body["payout_id"])
            if known is not None:
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
        body = self.rfile.read(int(self.headers["Content-Length"]))
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
        fault = self.system.faults.pop(0) if self.system.faults else None
        if fault == "drop_before":
            return self._drop()
        if isinstance(fault, tuple):
            return self._answer(*fault)
        status, answer = act()
        if fault == "drop_after":
            return self._drop()
        if isinstance(fault, dict):
            answer = answer | fault
        return self._answer(status, answer)

    def _signed(self, body):
        at, key = self.headers["Lupaus-Time"], self.headers.get("Idempotency-Key", "")
        signed = "\n".join((at, self.command, self.path, key)).encode() + b"\n" + body
        right = hmac.new(self.system.key.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(right, self.headers["Lupaus-Signature"])

    def _drop(self):
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


@contextlib.contextmanager
def core_system(*, tls=None, **parts):
    """The system and its address; by https where it has `tls`."""
    system = CoreSystem(**parts)
    handler = type("Handler", (_Handler,), {"system": system})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        scheme = "http" if tls is None else "https"
        yield system, f"{scheme}://127.0.0.1:{server.server_address[1]}/core"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
