"""The public figures as data: the documents that docs/public-data.md describes. Pure.

Their form changes only by addition; whatever else changes gets another SCHEMA.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from promises.catalogue.pause_queries import Pause, PausedTime
from promises.reporting.evidence_quality import EvidenceQuality
from promises.reporting.money import MoneyFigures, MoneyStage
from promises.reporting.public_changes import Improvement
from promises.reporting.public_counts import DayCounts
from promises.reporting.public_page import PublicFigures
from promises.reporting.rates import KeptRate
from promises.reporting.scorecard import CleanDays, Scorecard
from promises.reporting.service_level import ServiceLevel

SCHEMA = "lupaus.figures/1"
SHOWN_STAGES = (
    MoneyStage.OWED,
    MoneyStage.ISSUED,
    MoneyStage.UNDER_WAY,
    MoneyStage.REDEEMED,
    MoneyStage.PAID,
    MoneyStage.EXPIRED,
    MoneyStage.REFUSED,
)
_PLACES = Decimal("0.0001")


def share(rate: KeptRate) -> str | None:
    """Four decimals, cut and never rounded up; None below 30 cases."""
    if rate.shown is None:
        return None
    exact = Decimal(rate.kept) / Decimal(rate.cases)
    return str(exact.quantize(_PLACES, rounding=ROUND_FLOOR))


def interval(rate: KeptRate) -> dict[str, str] | None:
    """Where the share lies with 95 per cent certainty; None below 30 cases."""
    if rate.shown is None:
        return None
    return {
        "low": str(rate.low.quantize(_PLACES, rounding=ROUND_FLOOR)),
        "high": str(rate.high.quantize(_PLACES, rounding=ROUND_CEILING)),
    }


def window(card: Scorecard) -> dict[str, Any]:
    return {
        "kept": card.kept,
        "broken": card.broken,
        "excluded": card.excluded,
        "open": card.open,
        "commitments": card.commitments,
        "cases": card.rate.cases,
        "kept_rate": share(card.rate),
        "interval_95": interval(card.rate),
    }


def windows(figures: PublicFigures) -> dict[str, Scorecard]:
    """By the names they have in the data, the shortest first."""
    return {
        "24h": figures.hours,
        "30d": figures.month,
        "90d": figures.quarter,
        "12m": figures.year,
        "ever": figures.ever,
    }


def figures_document(figures: PublicFigures) -> dict[str, Any]:
    """How one promise was kept. Nothing in it is about one customer."""
    return {
        "windows": {name: window(card) for name, card in windows(figures).items()},
        "days_without_breach": _clean(figures.clean),
        "money": _money(figures.money),
        "evidence_12m": _quality(figures.quality),
        "paused": {"30d": _paused(figures.paused_month), "12m": _paused(figures.paused_year)},
        "daily": [_day(one) for one in figures.days],
    }


def _clean(clean: CleanDays | None) -> dict[str, Any] | None:
    if clean is None:
        return None
    return {
        "days": clean.days,
        "since": clean.since_on.isoformat(),
        "never_broken": clean.last_breach_at is None,
    }


def _money(money: MoneyFigures) -> dict[str, Any]:
    return {
        stage.value: {"count": one.count, "amount_minor": one.amount.amount_minor}
        for stage in SHOWN_STAGES
        for one in (money.of(stage),)
    }


def _quality(quality: EvidenceQuality) -> dict[str, int]:
    return {
        "cases": quality.cases,
        "live": quality.live,
        "noted_late": quality.unverified,
        "imported": quality.imported,
        "corrected": quality.corrected,
        "disputed": quality.disputed,
        "excluded": quality.excluded,
    }


def _paused(time: PausedTime) -> dict[str, int]:
    return {"paused_seconds": time.paused_seconds, "open_seconds": time.open_seconds}


def _day(day: DayCounts) -> dict[str, Any]:
    return {
        "on": day.day_on.isoformat(),
        "kept": day.kept,
        "broken": day.broken,
        "excluded": day.excluded,
        "open": day.open,
    }


def pause_documents(
    pauses: Iterable[Pause], branches: Mapping[Any, str], now: dt.datetime
) -> list[dict[str, Any]]:
    return [
        {
            "from": pause.starts_at.isoformat(),
            "until": None if pause.ends_at is None else pause.ends_at.isoformat(),
            "branch": None if pause.branch_id is None else branches.get(pause.branch_id),
            "reason": pause.reasons,
            "state": pause.state(now).value,
        }
        for pause in pauses
    ]


def improvement_documents(made: Iterable[Improvement]) -> list[dict[str, Any]]:
    return [
        {
            "done_on": one.done_on.isoformat(),
            "branch": one.branch,
            "text": dict(one.texts),
            "outcome": one.outcome,
        }
        for one in made
    ]


def level_document(level: ServiceLevel) -> dict[str, Any]:
    """Of the last 30 days."""
    return {
        "breaches_found_by_the_clock": level.breaches,
        "found_within_5_s": level.found_in_5_s,
        "found_within_60_s": level.found_in_60_s,
        "messages": level.messages,
        "handed_over_within_10_s": level.handed_over_in_10_s,
    }


CSV_COLUMNS = (
    "row", "from", "to", "kept", "broken", "excluded", "open", "kept_rate", "low_95", "high_95",
)  # fmt: skip


def csv_rows(figures: PublicFigures, *, today: dt.date, now: dt.datetime) -> list[tuple[str, ...]]:
    """The windows, then a row for each of the last 365 days. Every cell is a number, a time or one
    of our own words, so that none can be taken for a formula."""
    starts = {
        "24h": (now - dt.timedelta(hours=24)).isoformat(timespec="seconds"),
        "30d": (today - dt.timedelta(days=29)).isoformat(),
        "90d": (today - dt.timedelta(days=89)).isoformat(),
        "12m": (today - dt.timedelta(days=364)).isoformat(),
        "ever": figures.all_days[0].day_on.isoformat() if figures.all_days else "",
    }
    found = []
    for name, card in windows(figures).items():
        end = now.isoformat(timespec="seconds") if name == "24h" else today.isoformat()
        bounds = interval(card.rate) or {"low": "", "high": ""}
        counts = map(str, (card.kept, card.broken, card.excluded, card.open))
        found.append(
            (name, starts[name], end, *counts, share(card.rate) or "", bounds["low"],
             bounds["high"])
        )  # fmt: skip
    first = today - dt.timedelta(days=364)
    known = {one.day_on: one for one in figures.all_days}
    for day in (first + dt.timedelta(days=n) for n in range(365)):
        one = known.get(day)
        counts = map(str, (one.kept, one.broken, one.excluded, one.open) if one else (0, 0, 0, 0))
        found.append(("day", day.isoformat(), day.isoformat(), *counts, "", "", ""))
    return found
