"""Idempotency keys as Stripe keeps them: API v1 a day, with whatever was answered; API v2 thirty
days, with what succeeded."""

import datetime as dt
from dataclasses import dataclass

from tests.fakes.stripe_books import Refused

LIVES = {1: dt.timedelta(hours=24), 2: dt.timedelta(days=30)}


@dataclass
class Saved:
    asked: tuple
    begun_at: dt.datetime
    request_id: str
    status: int | None = None
    body: bytes = b""


class Keys:
    """Callers hold the server's lock."""

    def __init__(self, clock):
        self.clock = clock
        self._saved = {}

    def begin(self, account, key, asked, version, request_id):
        """None where the request is to be carried out now; otherwise what was answered then."""
        if len(key) > 255:
            raise Refused(400, "Idempotency keys have at most 255 characters", kept=False)
        saved = self._saved.get((account, version, key))
        if saved is not None and self.clock.now() - saved.begun_at >= LIVES[version]:
            saved = None
        if saved is None:
            new = Saved(asked, self.clock.now(), request_id)
            self._saved[(account, version, key)] = new
            return None
        if saved.asked != asked:
            raise Refused(
                400 if version == 1 else 409,
                "Keys for idempotent requests can only be used with the same parameters they were "
                "first used with.",
                type="idempotency_error",
                kept=False,
            )
        if saved.status is None:
            raise Refused(
                409,
                "There is currently another in-progress request using this Idempotent Key.",
                code="idempotency_key_in_use",
                kept=False,
            )
        return saved

    def end(self, account, key, version, status, body):
        saved = self._saved.get((account, version, key))
        if saved is not None:
            saved.status, saved.body = status, body

    def forget(self, account, key, version):
        """As if the key had never been used: what failed before it began, or pruned."""
        self._saved.pop((account, version, key), None)

    def forget_all(self):
        self._saved.clear()
