"""A verdict: the answer of the engine, with all that explains it.

It is a plain tuple of values, cheap to make by the thousand; its steps are worked out only when
somebody asks why.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from promises.rules.facts import EventKind
from promises.rules.states import State as State
from promises.rules.steps import Step as Step
from promises.rules.terms import AfterLimit, BeforeLimit, Boundary, Rule

FORMAT = 1
_SECOND = timedelta(seconds=1)


class ReasonCode(StrEnum):
    OTHER_TICKET_KIND = "other_ticket_kind"
    OTHER_SERVICE_KIND = "other_service_kind"
    OTHER_BRANCH = "other_branch"
    NO_ARRIVAL = "no_arrival"
    WAITING = "waiting"
    IN_TIME = "in_time"
    TOO_LATE = "too_late"
    DEADLINE_PASSED = "deadline_passed"
    LEFT_BEFORE_LIMIT = "left_before_limit"
    LEFT_AFTER_LIMIT = "left_after_limit"
    CLOSED_BEFORE_LIMIT = "closed_before_limit"
    CLOSED_AFTER_LIMIT = "closed_after_limit"
    NO_SHOW = "no_show"
    NO_SHOW_AFTER_LIMIT = "no_show_after_limit"


class Verdict(NamedTuple):
    """`due_at` is the first instant that is too late; `ended_at` the end of the wait, made of the
    measured wait where the source gave one (`by_duration`); `ended_by` the event that ended it.
    A promise is broken exactly when it was not over before `due_at`; `breached_at` is then that
    instant. Outside the scope, and without an arrival, all times are None."""

    state: State
    reason: ReasonCode
    rule: Rule
    started_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: EventKind | None = None
    by_duration: bool = False

    @property
    def breached_at(self) -> datetime | None:
        return self.due_at if self.state is State.BROKEN else None

    @property
    def measured(self) -> timedelta | None:
        """The wait, exact. Negative where the source's times contradict each other."""
        if self.ended_at is None or self.started_at is None:
            return None
        return self.ended_at - self.started_at

    @property
    def measured_seconds(self) -> int | None:
        """The whole seconds of the wait, cut downwards."""
        measured = self.measured
        return None if measured is None else measured // _SECOND

    @property
    def left_after_limit(self) -> bool:
        """Whether the customer was gone before anybody served them, but after the limit. A ticket
        closed at the end of the day is not meant: its customer may have waited until then."""
        return self.reason in (ReasonCode.LEFT_AFTER_LIMIT, ReasonCode.NO_SHOW_AFTER_LIMIT)

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(_steps(self))


def _steps(verdict: Verdict) -> list[Step]:
    rule = verdict.rule
    started, due = verdict.started_at, verdict.due_at
    if started is None or due is None:
        return [Step(verdict.reason.value, {})]
    limit_at = started + rule.limit
    steps = [
        Step("started", {"at": started, "event": EventKind.ARRIVED.value}),
        Step(f"limit_{rule.boundary}", {"limit": rule.limit, "at": limit_at, "due_at": due}),
    ]
    wait, event = verdict.measured, verdict.ended_by
    if wait is None or event is None:
        return [*steps, Step(verdict.reason.value, {"at": limit_at})]
    source = "measured" if verdict.by_duration else "ended"
    facts = {"at": verdict.ended_at, "event": event.value, "wait": wait, "limit": rule.limit}
    steps.append(Step(f"{source}_{event}", facts))
    if wait < timedelta(0):
        steps.append(Step("before_arrival", {}))
    steps.append(Step(_conclusion(verdict), {"over": wait - rule.limit}))
    return steps


def _conclusion(verdict: Verdict) -> str:
    """The reason, with the setting for those who leave where it was applied."""
    rule, reason = verdict.rule, verdict.reason
    if reason in (ReasonCode.LEFT_BEFORE_LIMIT, ReasonCode.CLOSED_BEFORE_LIMIT):
        return f"{reason}_{rule.before_limit}"
    if verdict.left_after_limit:
        return f"{reason}_{rule.after_limit}"
    return reason.value


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """For storage: the same verdict always gives the same document."""
    rule = verdict.rule
    return {
        "format": FORMAT,
        "state": verdict.state.value,
        "reason": verdict.reason.value,
        "rule": {
            "until": rule.until.value,
            "limit_seconds": rule.limit_seconds,
            "boundary": rule.boundary.value,
            "before_limit": rule.before_limit.value,
            "after_limit": rule.after_limit.value,
        },
        "started_at": _dump_instant(verdict.started_at),
        "due_at": _dump_instant(verdict.due_at),
        "ended_at": _dump_instant(verdict.ended_at),
        "ended_by": verdict.ended_by and verdict.ended_by.value,
        "by_duration": verdict.by_duration,
    }


def verdict_from_json(document: Mapping[str, Any]) -> Verdict:
    """The verdict that was stored; ValueError or KeyError for anything else."""
    if document["format"] != FORMAT:
        raise ValueError(f"unknown format of a verdict: {document['format']!r}")
    rule = document["rule"]
    return Verdict(
        state=State(document["state"]),
        reason=ReasonCode(document["reason"]),
        rule=Rule(
            until=EventKind(rule["until"]),
            limit_seconds=int(rule["limit_seconds"]),
            boundary=Boundary(rule["boundary"]),
            before_limit=BeforeLimit(rule["before_limit"]),
            after_limit=AfterLimit(rule["after_limit"]),
        ),
        started_at=_load_instant(document["started_at"]),
        due_at=_load_instant(document["due_at"]),
        ended_at=_load_instant(document["ended_at"]),
        ended_by=document["ended_by"] and EventKind(document["ended_by"]),
        by_duration=bool(document["by_duration"]),
    )


def _dump_instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat(timespec="microseconds")


def _load_instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
