"""A Stripe of our own over real HTTP, which fails on demand.

    with FakeStripe() as stripe:
        stripe.pay("pi_1", 5000)                     # an earlier payment of 50.00 EUR
        stripe.fail_next("timeout_after")            # the effect happens, the answer is lost
        ...                                          # a rail that was opened on stripe.url
        assert [one.ref for one in stripe.effects(payout_id) if one.standing] == [...]

Any key that begins with sk_test_ or rk_test_ belongs to the account `acct_fake`, until `own` gives
it to another; sk_live_ and rk_live_ keys to `acct_live`. Parameters are checked against the SDK's
own types. API v1 keeps answers 24 h under their key, also those of 400 and 500; API v2 keeps
successes 30 days. `advance` moves the clock that this is counted by, `put_clock_at` sets it.

`fail_next(kind, on=…, times=…)` spoils the next requests whose "METHOD /path" contains `on` (by
default those with an effect: "POST"). The kinds:

    drop_before  timeout_before  500_before (kept under the key by v1)  500_passing (kept nowhere)
    502_before   nothing happens, the answer is lost or bad
    drop_after   timeout_after   500_after (kept by v1)  502_after  cut_after
    drip_after   drip_head_after (a byte at a time, the body or all of it)
                 the effect happens, the answer is lost or bad; the same key replays the good one
    late         the caller gives up, and the effect happens at `release()`; till then 409
    429  409  401  403  balance_insufficient   refused, nothing happens (the last is kept by v1)
    pending  failed  processing   the effect happens and has this status
    answer       `status`, `body` and `headers` as given, nothing happens

A timeout lasts until the caller hangs up, so it costs what the caller's own timeout costs.

The same methods work on `StripeProcess()`, which runs the fake in a process of its own.
"""

import argparse
import datetime as dt
import json
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from tests.fakes.stripe_books import CARD, Books, Clock, Effect, Refused
from tests.fakes.stripe_events import SECRET, Events, Message, deliver, signed
from tests.fakes.stripe_http import KINDS, Call, Fault, Server
from tests.fakes.stripe_keys import Keys
from tests.fakes.stripe_routes import Caller

ACCOUNT, LIVE_ACCOUNT = "acct_fake", "acct_live"
TEST_KEY, LIVE_KEY = "sk_test_fake", "sk_live_fake"
LONGEST_WAIT_S = 30


class FakeStripe:
    """The fake in a thread of this process. See the module's text."""

    def __init__(self, port=0):
        self.clock = Clock()
        self.books = Books(self.clock)
        self.keys = Keys(self.clock)
        self.events = Events(self.clock)
        self.lock = threading.RLock()
        self.latency_s, self.rate = 0.0, None
        self.released, self.late = threading.Event(), 0
        self._faults, self._calls, self._owners, self._shut = [], [], {}, {}
        self._tokens, self._numbers = {}, 0
        self._server = Server(("127.0.0.1", port), self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    # What there is

    def pay(self, ref, amount, currency="eur", *, method=CARD, account=ACCOUNT, captured=True):
        """An earlier payment: PaymentIntent `ref` (pi_…) and its charge (ch_ and the same rest)."""
        live = account == LIVE_ACCOUNT
        with self.lock:
            self.books.pay(
                ref, amount, currency, account, method=method, live=live, captured=captured
            )

    def customer(self, ref, *, account=ACCOUNT, currency=None, deleted=False):
        live = account == LIVE_ACCOUNT
        with self.lock:
            self.books.customer(ref, account, currency=currency, live=live, deleted=deleted)

    def recipient(self, ref, method, *, financial_account="fa_fake", account=ACCOUNT):
        """Somebody to whom outbound payments can go, and the account that they come from."""
        with self.lock:
            self.books.recipient(ref, method, account)
            self.books.financial_account(financial_account, account, account == LIVE_ACCOUNT)

    def own(self, key, account):
        """Let `key` belong to another account: its things are not there for other keys."""
        self._owners[key] = account

    def shut(self, key, status=401):
        """Refuse a key from now on: 401 revoked, 403 without the permission; 200 lets it in."""
        self._shut[key] = status

    def dispute(self, charge):
        with self.lock:
            self.books.things[charge]["disputed"] = True

    def set_balance(self, currency, amount, when_empty="refuse"):
        """`when_empty`: refuse with balance_insufficient, or "accept" as pending (cards) and as
        failed (other methods)."""
        with self.lock:
            self.books.balance[currency], self.books.when_empty = amount, when_empty

    def configure(self, *, latency_s=0.0, rate=None):
        """Answer after `latency_s`, and at most `rate` requests a second at each endpoint."""
        self.latency_s, self.rate = latency_s, rate

    # What goes wrong, and later

    def fail_next(self, kind, *, on="POST", times=1, status=200, body=None, headers=None):
        assert kind in KINDS, kind
        self.released.clear()
        with self.lock:
            self._faults.append(Fault(kind, on, times, status, body, headers or {}))

    def release(self):
        """Let the effects of `late` requests happen; returns when they have."""
        self.released.set()
        until = time.monotonic() + LONGEST_WAIT_S
        while self.late and time.monotonic() < until:
            time.sleep(0.002)
        assert not self.late

    def turn(self, ref, status, reason=None):
        """What was created goes on; noted as an event."""
        with self.lock:
            thing = self.books.turn(ref, status, reason)
            failed = thing["object"] == "refund" and status == "failed"
            kind = "refund.failed" if failed else "refund.updated"
            self.events.happened(thing, kind if thing["object"] == "refund" else None)

    def advance(self, **span):
        self.clock.advance(**span)

    def put_clock_at(self, instant):
        """For tests whose own clock stands elsewhere: what is listed has been created then."""
        if isinstance(instant, str):  # from another process
            instant = dt.datetime.fromisoformat(instant)
        self.clock.put_at(instant)

    def forget_keys(self):
        self.keys.forget_all()

    # What happened

    def effects(self, payout_id=None):
        """What was done for us, oldest first; for one payout where asked."""
        with self.lock:
            found = self.books.effects()
        return [one for one in found if payout_id is None or one.payout_id == str(payout_id)]

    def calls(self, on=""):
        """The requests whose "METHOD /path" contains `on`, oldest first."""
        return [call for call in list(self._calls) if on in call.what]

    def messages(self, *, secret=SECRET):
        """Every event so far as a signed message, in the order in which it happened."""
        with self.lock:
            told = list(self.events.told)
        return [signed(event, secret=secret, sent_at=self.clock.now()) for event in told]

    def message(self, ref, kind, *, secret=SECRET, sent_at=None, **changes):
        """A signed message about `ref`; `changes` to a snapshot's object make it stale or wrong."""
        with self.lock:
            event = self.events.about(self.books.things[ref], kind, **changes)
        return signed(event, secret=secret, sent_at=sent_at or self.clock.now())

    def deliver(self, url, messages, *, copies=1, parallel=False):
        return deliver(url, messages, copies=copies, parallel=parallel)

    # The machinery

    def take_fault(self, what, kinds):
        with self.lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.on in what and fault.times:
                    fault.times -= 1
                    return fault
        return None

    def note(self, what, key, status, replayed=False):
        self._calls.append(Call(what, key, status, replayed))

    def next_request_id(self):
        with self.lock:
            self._numbers += 1
            return f"req_{self._numbers:08d}"

    def caller(self, authorization):
        key = (authorization or "").removeprefix("Bearer ")
        live = key.startswith(("sk_live_", "rk_live_"))
        if not live and not key.startswith(("sk_test_", "rk_test_")):
            raise Refused(401, "Invalid API Key provided", kept=False)
        if self._shut.get(key, 200) == 401:
            raise Refused(401, "Expired API Key provided", code="api_key_expired", kept=False)
        if self._shut.get(key, 200) == 403:
            raise Refused(403, "The provided key lacks the permission", kept=False)
        return Caller(self._owners.get(key, LIVE_ACCOUNT if live else ACCOUNT), live)

    def limit(self, name):
        if self.rate is None:
            return
        with self.lock:
            tokens, since = self._tokens.get(name, (float(self.rate), time.monotonic()))
            now = time.monotonic()
            tokens = min(self.rate, tokens + (now - since) * self.rate)
            self._tokens[name] = (max(tokens - 1, 0) if tokens >= 1 else tokens, now)
        if tokens < 1:
            raise Refused(429, "Too many requests", code="rate_limit", kept=False)


class StripeProcess:
    """The fake in a process of its own, with the methods of FakeStripe (not its attributes), for
    tests that measure or that kill."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.stripe_server"],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=120)
        self.process.stdout.close()

    def deliver(self, url, messages, *, copies=1, parallel=False):
        return deliver(url, messages, copies=copies, parallel=parallel)

    def __getattr__(self, name):
        def call(*args, **kwargs):
            body = json.dumps({"name": name, "args": args, "kwargs": kwargs}, default=str).encode()
            request = urllib.request.Request(f"{self.url}/_fake", body)
            with urllib.request.urlopen(request, timeout=LONGEST_WAIT_S) as answer:
                return _unpacked(json.load(answer))

        if name.startswith("_") or not callable(getattr(FakeStripe, name, None)):
            raise AttributeError(name)
        return call


def _unpacked(value):
    made = {"Effect": Effect, "Call": Call}
    if isinstance(value, list):
        return [_unpacked(one) for one in value]
    if isinstance(value, dict) and "_is" in value:
        fields = {name: of for name, of in value.items() if name != "_is"}
        if value["_is"] == "Message":
            return Message(fields["body"].encode(), fields["headers"])
        return made[value["_is"]](**fields)
    return value


def main():
    parser = argparse.ArgumentParser(description="Run the fake Stripe; prints its address.")
    parser.add_argument("--port", type=int, default=0)
    with FakeStripe(parser.parse_args().port) as fake:
        print(fake.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
