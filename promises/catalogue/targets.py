"""The target level: the share of cases that management aims to keep, and when it rises."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

LONGEST_PATH = 12


@dataclass(frozen=True, slots=True)
class TargetStep:
    """From a day on, this share (0 < share <= 1) of the commitments is to be kept."""

    from_on: dt.date
    share: Decimal


def is_path(steps: Sequence[TargetStep]) -> bool:
    """Days in strictly rising order, every share a share."""
    days = [step.from_on for step in steps]
    rising = all(one < next_one for one, next_one in zip(days, days[1:], strict=False))
    return len(steps) <= LONGEST_PATH and rising and all(0 < step.share <= 1 for step in steps)


def dump_path(steps: Iterable[TargetStep]) -> list[dict[str, str]]:
    return [{"from": step.from_on.isoformat(), "share": str(step.share)} for step in steps]


def load_path(document: Iterable[Mapping[str, Any]]) -> tuple[TargetStep, ...]:
    """The stored path; ValueError where it is none."""
    try:
        return tuple(
            TargetStep(dt.date.fromisoformat(step["from"]), Decimal(step["share"]))
            for step in document
        )
    except (KeyError, InvalidOperation) as error:
        raise ValueError("not a target path") from error


def target_on(path: Sequence[TargetStep], day: dt.date) -> Decimal | None:
    """What is aimed at on that day; None before the first step."""
    reached = [step.share for step in path if step.from_on <= day]
    return reached[-1] if reached else None
