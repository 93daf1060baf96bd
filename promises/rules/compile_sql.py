"""The judgement of `judge`, set-based: SQL expressions over a closed list of columns.

The relation is called `t` and has, per ticket, the earliest time of each deciding event
(`arrived_at`, `called_at`, `service_started_at`, `left_at`, `no_show_at`, `closed_at`, all
timestamptz) and `measured_wait_us` (bigint, the source's own duration of the wait). All of them may
be null. The scope is a condition of its own, so that it can use an index.
"""

from datetime import timedelta
from typing import Any, NamedTuple

from promises.rules.facts import EventKind
from promises.rules.terms import Rule, Terms, WaitTerms
from promises.rules.verdicts import ReasonCode, State

_GONE = "LEAST(t.left_at, t.closed_at)"
_BY_LEAVING = "(t.closed_at IS NULL OR t.left_at <= t.closed_at)"
_NO_SHOW = (
    "(t.no_show_at IS NOT NULL AND t.called_at IS NOT NULL"
    f" AND ({_GONE} IS NULL OR {_GONE} >= t.called_at))"
)
_SERVICE_STARTED = "t.service_started_at"
_CALLED = (
    f"CASE WHEN t.service_started_at IS NULL AND {_GONE} < t.called_at THEN NULL"
    " ELSE LEAST(t.called_at, t.service_started_at) END"
)


class CompiledSql(NamedTuple):
    """`params` are the named values of the text, all but `:now`, which the caller binds."""

    sql: str
    params: dict[str, Any]


def compile_judgement(terms: WaitTerms, prefix: str = "") -> CompiledSql:
    """A list for SELECT: state, reason, due_at, ended_at, breached_at, measured_us.

    Each equals what `judge` says of the same ticket at `:now` (timestamptz) when the ticket is in
    scope. Instants are added as microseconds, so the session's time zone has no influence.
    `prefix` keeps the names apart where one statement holds several terms.
    """
    too_late = f"CAST(:{prefix}too_late_us AS bigint)"
    due = f"(t.arrived_at + {too_late} * interval '1 microsecond')"
    ended = _ended(terms.rule)
    in_time = (
        f"CASE WHEN t.measured_wait_us IS NULL THEN {ended} < {due}"
        f" ELSE t.measured_wait_us < {too_late} END"
    )
    settled = f"({ended} IS NOT NULL AND t.arrived_at IS NOT NULL)"
    wait = f"EXTRACT(EPOCH FROM ({ended}) - t.arrived_at) * 1000000"
    at = "t.arrived_at + t.measured_wait_us * interval '1 microsecond'"
    columns = {
        "state": _state(terms.rule, ended, in_time, due),
        "reason": _reason(terms.rule, ended, in_time, due),
        "due_at": due,
        "ended_at": f"CASE WHEN {settled} THEN COALESCE({at}, {ended}) END",
        "breached_at": f"CASE WHEN {settled} THEN CASE WHEN NOT ({in_time}) THEN {due} END"
        f" WHEN :now >= {due} THEN {due} END",
        "measured_us": f"CASE WHEN {settled} THEN"
        f" COALESCE(t.measured_wait_us, CAST({wait} AS bigint)) END",
    }
    sql = ",\n".join(f"{expression} AS {name}" for name, expression in columns.items())
    return CompiledSql(sql, {f"{prefix}too_late_us": terms.too_late // timedelta.resolution})


def compile_scope(terms: Terms, prefix: str = "") -> CompiledSql:
    """A condition for WHERE over `t.ticket_kind`, `t.service_kind_id` and `t.branch_id`."""
    scope = terms.scope
    conditions = [f"t.ticket_kind = ANY(:{prefix}ticket_kinds)"]
    params: dict[str, Any] = {f"{prefix}ticket_kinds": [kind.value for kind in scope.ticket_kinds]}
    for name, column, ids in (
        ("service_kinds", "service_kind_id", scope.service_kinds),
        ("branches", "branch_id", scope.branches),
    ):
        if ids is not None:
            conditions.append(f"t.{column} = ANY(CAST(:{prefix}{name} AS uuid[]))")
            params[prefix + name] = sorted(ids)
    return CompiledSql(" AND ".join(conditions), params)


def _until_service(rule: Rule) -> bool:
    return rule.until is EventKind.SERVICE_STARTED


def _ended(rule: Rule) -> str:
    if _until_service(rule):
        no_show = f"CASE WHEN {_NO_SHOW} THEN t.called_at END"
        return f"COALESCE({_SERVICE_STARTED}, {no_show}, {_GONE})"
    return f"COALESCE({_CALLED}, {_GONE})"


def _cases(rule: Rule, reached: str, no_show: str, left: str, closed: str) -> str:
    """What to answer by what ended the wait; each answer is itself an SQL expression."""
    if _until_service(rule):
        first = f"WHEN {_SERVICE_STARTED} IS NOT NULL THEN {reached} WHEN {_NO_SHOW} THEN {no_show}"
    else:
        first = f"WHEN ({_CALLED}) IS NOT NULL THEN {reached}"
    return f"CASE {first} WHEN {_BY_LEAVING} THEN {left} ELSE {closed} END"


def _state(rule: Rule, ended: str, in_time: str, due: str) -> str:
    gone = f"'{rule.before_limit.value}'"  # the settings are named like the states
    decided = _cases(rule, f"'{State.KEPT}'", f"'{State.EXCLUDED}'", gone, gone)
    return (
        f"CASE WHEN t.arrived_at IS NULL THEN '{State.NOT_APPLICABLE}'"
        f" WHEN {ended} IS NULL THEN"
        f" CASE WHEN :now >= {due} THEN '{State.BROKEN}' ELSE '{State.OPEN}' END"
        f" WHEN {in_time} THEN {decided} ELSE '{State.BROKEN}' END"
    )


def _reason(rule: Rule, ended: str, in_time: str, due: str) -> str:
    code = ReasonCode
    before = (code.IN_TIME, code.NO_SHOW, code.LEFT_BEFORE_LIMIT, code.CLOSED_BEFORE_LIMIT)
    after = (
        code.TOO_LATE,
        code.NO_SHOW_AFTER_LIMIT,
        code.LEFT_AFTER_LIMIT,
        code.CLOSED_AFTER_LIMIT,
    )
    decided, late = (_cases(rule, *(f"'{one}'" for one in codes)) for codes in (before, after))
    return (
        f"CASE WHEN t.arrived_at IS NULL THEN '{code.NO_ARRIVAL}'"
        f" WHEN {ended} IS NULL THEN"
        f" CASE WHEN :now >= {due} THEN '{code.DEADLINE_PASSED}' ELSE '{code.WAITING}' END"
        f" WHEN {in_time} THEN {decided} ELSE {late} END"
    )
