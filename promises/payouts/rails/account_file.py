"""Credits to customers' own accounts by a signed file: one JSON object a line, and the results of
the core system in a file of the same form. docs/account-credits.md tells the other side."""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promises.kernel.text import N_
from promises.payouts.rails.answers import AnswerFile, FileKind, Line, LineKind
from promises.payouts.rails.base import Connection, Field, RailAccount, Trouble
from promises.payouts.rails.core_system import LEAST_KEY, code_of, is_signed, sign, trouble_of
from promises.payouts.rails.run_files import RunHead, RunItem, RunRail
from promises.payouts.run_errors import FileNotReadable

ACCOUNT_FILE = "account_file"
CREDITS, RESULTS = "lupaus-credits-1", "lupaus-results-1"
LARGEST_BYTES = 20 * 1024 * 1024
_LONGEST = 200
_MOST_MINOR = 10**18
_STATES = {
    "accepted": LineKind.ACCEPTED,
    "credited": LineKind.BOOKED,
    "refused": LineKind.REJECTED,
    "returned": LineKind.RETURNED,
}


class AccountFileMaker:
    name = ACCOUNT_FILE
    by_run = True
    key_lives: dt.timedelta | None = None
    fields: tuple[Field, ...] = (
        Field("signing_key", secret=True),
        Field("silent_days", required=False),
    )
    ending = "jsonl"
    media_type = "application/jsonl"
    currency: str | None = None

    def open(self, account: RailAccount | None) -> "AccountFileRail":
        return AccountFileRail(account)

    def account_name(self, account: RailAccount) -> str:
        """All of it is drawn on the organisation itself."""
        return ACCOUNT_FILE

    def write(self, account: RailAccount, head: RunHead, items: Sequence[RunItem]) -> bytes:
        lines: list[Mapping[str, Any]] = [
            {
                "format": CREDITS,
                "message_id": head.message_id,
                "mode": "live" if account.live else "test",
                "sequence": head.sequence,
                "created_at": head.created_at.astimezone(dt.UTC).isoformat(),
                "execute_on": head.execute_on.isoformat(),
                "count": len(items),
                "amount_minor": head.amount_minor,
                "currency": head.currency,
            }
        ]
        lines += [_credit(one) for one in items]
        body = b"".join(_line(one) for one in lines)
        return body + _line({"hmac_sha256": sign(account.secrets["signing_key"], body)})

    def read(
        self, account: RailAccount, content: bytes, is_ours: Callable[[str], bool]
    ) -> AnswerFile:
        head, *lines = _objects(account.secrets.get("signing_key", ""), content)
        if head.get("format") != RESULTS:
            raise FileNotReadable(N_("This file holds no results of a core system."))
        return AnswerFile(
            FileKind.RESULTS,
            _word(head, "message_id"),
            tuple(_results(lines)),
            answers_to=_word(head, "answers_to"),
        )

    def trouble(self, reason: str | None) -> Trouble:
        return trouble_of(reason)


class AccountFileRail(RunRail):
    def __init__(self, account: RailAccount | None) -> None:
        super().__init__(ACCOUNT_FILE)
        self._account = account

    def test(self) -> Connection:
        """Nothing can be asked by file: the key is looked at."""
        if self._account is None:
            return Connection(works=False, trouble=Trouble.ACCESS_REFUSED, detail="not set up")
        if len(self._account.secrets.get("signing_key", "")) < LEAST_KEY:
            return Connection(works=False, trouble=Trouble.DETAILS_WRONG, detail="signing_key")
        return Connection(works=True)


def _credit(item: RunItem) -> dict[str, Any]:
    request = item.request
    details = {} if request.destination is None else request.destination.details
    return {
        "payout_id": item.mark,
        "account": details["account"],
        "amount_minor": request.amount_minor,
        "currency": request.currency,
        "text": request.description,
    }


def _line(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _objects(key: str, content: bytes) -> list[dict[str, Any]]:
    """All lines but the last, which signs them."""
    if len(content) > LARGEST_BYTES:
        raise FileNotReadable(N_("This file is too large."))
    body, newline, last = content.rstrip(b"\r\n").rpartition(b"\n")
    signed = _object(last).get("hmac_sha256")
    if not key or not isinstance(signed, str) or not is_signed(key, body + newline, signed):
        raise FileNotReadable(N_("The signature of this file does not fit."))
    return [_object(line) for line in body.splitlines()]


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FileNotReadable(N_("A line of this file is no JSON object.")) from error
    if not isinstance(found, dict):
        raise FileNotReadable(N_("A line of this file is no JSON object."))
    return found


def _results(lines: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    for number, one in enumerate(lines, 1):
        kind = _STATES.get(_word(one, "status"))
        if kind is None:
            raise FileNotReadable(N_("This file holds a status that there is not."))
        amount, currency = one.get("amount_minor"), one.get("currency")
        if type(amount) is not int or abs(amount) > _MOST_MINOR or not isinstance(currency, str):
            raise FileNotReadable(N_("This file holds an amount that is none."))
        reason = code_of(_word(one, "reason")) if one.get("reason") is not None else None
        ref = f"line-{number}"
        yield Line(kind, ref, _word(one, "payout_id"), amount, currency, reason)


def _word(one: Mapping[str, Any], name: str) -> str:
    found = one.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST:
        raise FileNotReadable(N_("A word is missing in this file, or too long."))
    return found
