"""A provider in memory whose calls go wrong as they are told to: what rails are tested against
where the wire does not matter."""

import dataclasses
import datetime as dt
import threading
from collections import defaultdict, deque

from promises.payouts.rails.base import Connection, Outcome, RailVerdict, Trouble

HOURS_20 = dt.timedelta(hours=20)

ACCEPTED = Outcome(RailVerdict.ACCEPTED)
LOST = Outcome(RailVerdict.UNKNOWN, detail="timeout", trouble=Trouble.RAIL_DOWN)
BUSY = Outcome(RailVerdict.UNKNOWN, detail="key in use", http_status=409)
TOO_MANY = Outcome(RailVerdict.RETRY, detail="rate limit", http_status=429)
EMPTY = Outcome(RailVerdict.WAIT_FUNDS, trouble=Trouble.NO_FUNDS, http_status=400, key_spent=True)
NO_ACCESS = Outcome(RailVerdict.CONFIG, trouble=Trouble.ACCESS_REFUSED, http_status=401)
REFUSED = Outcome(
    RailVerdict.REJECTED, trouble=Trouble.NOTHING_TO_REFUND, http_status=400, key_spent=True
)
BROKEN = Outcome(RailVerdict.UNKNOWN, detail="api_error", http_status=500)

VERDICTS = {
    "accepted": RailVerdict.ACCEPTED,
    "paid": RailVerdict.PAID,
    "failed": RailVerdict.REJECTED,
    "returned": RailVerdict.RETURNED,
}


@dataclasses.dataclass
class Effect:
    payout_id: object
    amount_minor: int
    state: str


class Provider:
    """`effects` by reference are the truth. A key makes one effect; an answer stored under a key is
    given again. `plans` by payout say what its next calls come to; without one a call succeeds.

    Plans of a submit: accept, pay, refuse, empty, too_many, no_access, lost_before, lost_after,
    broken_before, broken_after (stored under the key), slow (the effect comes later), raise,
    raise_after, refuse_first (before the key is looked at). Plans of a find or a look: see, blind,
    no_access, raise.
    """

    def __init__(self):
        self.effects, self.stored, self.coming = {}, {}, {}
        self.plans, self.sights = defaultdict(deque), defaultdict(deque)
        self.calls = defaultdict(list)
        self.lock = threading.RLock()

    def submit(self, request):
        with self.lock:
            plan = self._next(self.plans, request, "accept")
            self.calls[request.payout_id].append(("submit", request.provider_key, plan))
            if plan == "raise":
                raise RuntimeError("before the call")
            if plan == "refuse_first":
                return dataclasses.replace(REFUSED, key_spent=False)
            key = request.provider_key
            if key in self.coming:
                return BUSY
            if key in self.stored:
                return dataclasses.replace(self.stored[key], replayed=True, key_spent=True)
            return self._act(plan, request, key)

    def _act(self, plan, request, key):
        if plan in ("refuse", "empty", "broken_before"):
            answer = {"refuse": REFUSED, "empty": EMPTY, "broken_before": BROKEN}[plan]
            self.stored[key] = answer
            return answer
        if plan in ("too_many", "no_access", "lost_before"):
            return {"too_many": TOO_MANY, "no_access": NO_ACCESS, "lost_before": LOST}[plan]
        if plan == "slow":
            self.coming[key] = request
            return LOST
        effect, ref = self._happen(request, "paid" if plan == "pay" else "accepted")
        told = Outcome(VERDICTS[effect.state], provider_ref=ref)
        self.stored[key] = BROKEN if plan == "broken_after" else told
        if plan == "raise_after":
            raise RuntimeError("after the call")
        return {"lost_after": LOST, "broken_after": BROKEN}.get(plan, told)

    def _happen(self, request, state):
        ref = f"re_{len(self.effects) + 1}"
        self.effects[ref] = Effect(request.payout_id, request.amount_minor, state)
        return self.effects[ref], ref

    def arrive(self):
        """What was under way on the wire happens."""
        with self.lock:
            for key, request in self.coming.items():
                effect, ref = self._happen(request, "accepted")
                self.stored[key] = Outcome(VERDICTS[effect.state], provider_ref=ref)
            self.coming.clear()

    def find(self, request):
        with self.lock:
            refused = self._sight("find", request)
            if refused is not None:
                return refused
            found = self.of(request.payout_id)
            return self._seen(*found[0], request) if found else None

    def look(self, request, provider_ref):
        with self.lock:
            refused = self._sight("look", request)
            return refused or self._seen(provider_ref, self.effects[provider_ref], request)

    def _sight(self, what, request):
        plan = self._next(self.sights, request, "see")
        self.calls[request.payout_id].append((what, None, plan))
        if plan == "raise":
            raise RuntimeError("while looking")
        return {"blind": LOST, "no_access": NO_ACCESS}.get(plan)

    def _seen(self, ref, effect, request):
        if effect.amount_minor != request.amount_minor:
            other = (effect.amount_minor, request.currency)
            return Outcome(RailVerdict.MISMATCH, ref, trouble=Trouble.OTHER_EFFECT, seen=other)
        return Outcome(VERDICTS[effect.state], provider_ref=ref)

    def of(self, payout_id):
        """The effects of a payout, as (reference, effect)."""
        return [(ref, one) for ref, one in self.effects.items() if one.payout_id == payout_id]

    def _next(self, plans, request, otherwise):
        waiting = plans[request.payout_id]
        return waiting.popleft() if waiting else otherwise


class ScriptedMaker:
    """What the registry holds; its rails share a provider. `broken`: the settings do not open."""

    by_run = False

    def __init__(self, name, provider, key_lives=HOURS_20):
        self.name, self.provider, self.key_lives = name, provider, key_lives
        self.broken = False
        self.opened = []

    def open(self, account):
        if self.broken:
            raise KeyError("key")
        self.opened.append(account)
        return ScriptedRail(self.name, self.provider)


class ScriptedRail:
    def __init__(self, name, provider):
        self.name = name
        self.submit, self.find, self.look = provider.submit, provider.find, provider.look

    def listed(self, since, until):
        return iter(())

    def test(self):
        return Connection(works=True)
