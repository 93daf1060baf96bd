"""The answers beside the terms, as a draft keeps them: JSON values, complete or not."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from promises.catalogue.queries import PromiseInfo
from promises.kernel.text import LOCALES
from promises.web.forms.catalogue import Start, VersionForm, percent_of

_TEXTS = (
    *(f"title_{code}" for code in LOCALES), "way_of_working", "team_reward", "closing_gesture",
    "reason",
)  # fmt: skip


def answers_of(form: VersionForm) -> dict[str, Any]:
    """What the fields hold; a field that could not be read counts as empty."""
    starts_on, starts_at = form.starts_on.data, form.starts_at.data
    return {
        **{name: form[name].data or "" for name in _TEXTS},
        "starts": form.starts.data.value if form.starts.data else Start.NOW.value,
        "starts_on": starts_on.isoformat() if starts_on else None,
        "starts_at": starts_at.isoformat() if starts_at else None,
        "targets": [
            {
                "from_on": row.from_on.data.isoformat() if row.from_on.data else None,
                "share": None if row.share.data is None else str(row.share.data),
            }
            for row in form.targets
            if row.from_on.data is not None or row.share.data is not None
        ],
    }


def fields_of(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The way back: what the fields hold."""
    starts_on, starts_at = answers.get("starts_on"), answers.get("starts_at")
    return {
        **{name: answers.get(name, "") for name in _TEXTS},
        "starts": Start(answers.get("starts", Start.NOW)),
        "starts_on": dt.date.fromisoformat(starts_on) if starts_on else None,
        "starts_at": dt.time.fromisoformat(starts_at) if starts_at else None,
        "targets": [_target(row) for row in answers.get("targets", ())],
    }


def _target(row: Mapping[str, str | None]) -> dict[str, Any]:
    day, share = row.get("from_on"), row.get("share")
    return {
        "from_on": dt.date.fromisoformat(day) if day else None,
        "share": Decimal(share) if share else None,
    }


def answers_of_version(info: PromiseInfo) -> dict[str, Any]:
    """Those of a published version, for the draft of the next one."""
    version = info.version
    return {
        **{f"title_{code}": info.titles.get(code, "") for code in LOCALES},
        "way_of_working": version.way_of_working,
        "team_reward": version.team_reward,
        "targets": [
            {"from_on": step.from_on.isoformat(), "share": str(percent_of(step.share))}
            for step in version.target_path
        ],
    }
