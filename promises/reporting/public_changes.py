"""What changed about an organisation's promises, as the public may read it, the newest first."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.kernel.zones import local_date, resolve_local
from promises.notify.news_words import News, NewsKind
from promises.reporting.public_counts import DayCounts, History, card_of, in_span
from promises.reporting.scorecard import Scorecard


@dataclass(frozen=True, slots=True)
class PublicChange:
    """`at` is when it became known, `from_at` and `until_at` when it holds. `key` names it for
    ever. `texts` are public words by language, empty where the kind says it all. `card` is a
    month's, with its first day in `month_on`."""

    kind: NewsKind
    key: str
    promise_id: uuid.UUID
    at: dt.datetime
    from_at: dt.datetime | None = None
    until_at: dt.datetime | None = None
    number: int | None = None
    branch_id: uuid.UUID | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    month_on: dt.date | None = None
    card: Scorecard | None = None

    def news(self, titles: Mapping[str, str], branches: Mapping[uuid.UUID, str]) -> News:
        """With the words that tell it; `titles` are the promise's."""
        card = self.card
        return News(
            kind=self.kind,
            titles=titles,
            number=self.number,
            branch=None if self.branch_id is None else branches.get(self.branch_id),
            from_at=self.from_at,
            until_at=self.until_at,
            texts=self.texts,
            month_on=self.month_on,
            kept=card.kept if card else 0,
            broken=card.broken if card else 0,
            excluded=card.excluded if card else 0,
        )


@dataclass(frozen=True, slots=True)
class Improvement:
    """What was changed because of breaches; `done_on` is the day from which it counts."""

    promise_id: uuid.UUID
    branch: str | None
    done_on: dt.date
    texts: Mapping[str, str]
    outcome: str | None

    def text(self, locale: str) -> str:
        return self.texts.get(locale) or next(iter(self.texts.values()), "")


_VERSIONS = """
SELECT v.id, v.promise_id, v.published_at AS at, v.valid_from, v.number,
       coalesce(h.reasons, '{}'::jsonb) AS texts
FROM promise_versions v
LEFT JOIN promise_changes h ON h.organisation_id = v.organisation_id AND h.version_id = v.id
WHERE v.organisation_id = %(organisation_id)s AND v.published_at > %(since)s
  AND v.published_at <= %(now)s
"""

_PAUSES = """
SELECT u.id, u.promise_id, u.announced_at, u.starts_at, u.ends_at, u.branch_id, u.reasons,
       u.end_set_at
FROM promise_pauses u
WHERE u.organisation_id = %(organisation_id)s AND u.announced_at <= %(now)s
  AND (u.announced_at > %(since)s OR u.ends_at > %(since)s)
"""

_ENDS = """
SELECT p.id, p.ends_at, coalesce(e.announced_at, p.ends_at) AS at,
       coalesce(e.reasons, jsonb_build_object('', coalesce(p.end_reason, ''))) AS texts
FROM promises p
LEFT JOIN promise_ends e ON e.organisation_id = p.organisation_id AND e.promise_id = p.id
WHERE p.organisation_id = %(organisation_id)s AND p.ends_at IS NOT NULL
  AND coalesce(e.announced_at, p.ends_at) BETWEEN %(since)s AND %(now)s
"""

_IMPROVEMENTS = """
SELECT a.id, a.promise_id, b.name AS branch, a.branch_id, a.done_on, a.public_texts,
       a.published_at, CASE WHEN a.state = 'checked' THEN a.outcome END AS outcome
FROM improvement_actions a
LEFT JOIN branches b ON b.organisation_id = a.organisation_id AND b.id = a.branch_id
WHERE a.organisation_id = %(organisation_id)s AND a.published_at > %(since)s
  AND a.published_at <= %(now)s AND a.state IN ('done', 'checked')
ORDER BY a.done_on DESC, a.id DESC
"""

_EVER = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
_NEVER = dt.datetime(2999, 12, 31, tzinfo=dt.UTC)


def improvements(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime
) -> dict[uuid.UUID, list[Improvement]]:
    """By promise, the latest first; only what was published."""
    found: dict[uuid.UUID, list[Improvement]] = {}
    params = {"organisation_id": organisation_id, "now": now, "since": _EVER}
    for row in rows(session, _IMPROVEMENTS, params):
        one = Improvement(row.promise_id, row.branch, row.done_on, row.public_texts, row.outcome)
        found.setdefault(row.promise_id, []).append(one)
    return found


_REASONS = """
SELECT h.version_id, h.reasons FROM promise_changes h
WHERE h.organisation_id = %(organisation_id)s AND h.promise_id = %(promise_id)s
  AND h.reasons <> '{}'::jsonb
"""


def change_reasons(
    session: Session, *, organisation_id: uuid.UUID, promise_id: uuid.UUID
) -> dict[uuid.UUID, dict[str, str]]:
    """Why a version says something else than the one before it, by version that tells."""
    params = {"organisation_id": organisation_id, "promise_id": promise_id}
    return {row.version_id: row.reasons for row in rows(session, _REASONS, params)}


def end_reasons(session: Session, *, organisation_id: uuid.UUID) -> dict[uuid.UUID, dict[str, str]]:
    """Why promises end or ended, by promise; by language, or under "" where it was said in one."""
    params = {"organisation_id": organisation_id, "since": _EVER, "now": _NEVER}
    return {row.id: _said(row.texts) for row in rows(session, _ENDS, params)}


def public_changes(
    session: Session, *, organisation_id: uuid.UUID, since: dt.datetime, now: dt.datetime
) -> list[PublicChange]:
    """After `since` up to `now`; months are added by `month_changes`."""
    params = {"organisation_id": organisation_id, "since": since, "now": now}
    found = [
        PublicChange(
            NewsKind.VERSION, f"version/{row.id}", row.promise_id, row.at, row.valid_from,
            number=row.number, texts=_said(row.texts),
        )
        for row in rows(session, _VERSIONS, params)
    ]  # fmt: skip
    for row in rows(session, _PAUSES, params):
        common = {"branch_id": row.branch_id, "until_at": row.ends_at, "texts": row.reasons}
        if row.announced_at > since:
            found.append(
                PublicChange(
                    NewsKind.PAUSE, f"pause/{row.id}", row.promise_id, row.announced_at,
                    row.starts_at, **common,
                )
            )  # fmt: skip
        if row.ends_at is not None and since < row.ends_at <= now:
            found.append(
                PublicChange(
                    NewsKind.PAUSE_OVER, f"pause-over/{row.id}", row.promise_id,
                    max(row.ends_at, row.announced_at), row.starts_at, **common,
                )
            )  # fmt: skip
    found += [
        PublicChange(
            NewsKind.END, f"end/{row.id}", row.id, row.at, row.ends_at, texts=_said(row.texts)
        )
        for row in rows(session, _ENDS, params)
    ]
    found += [
        PublicChange(
            NewsKind.IMPROVEMENT, f"improvement/{row.id}", row.promise_id, row.published_at,
            branch_id=row.branch_id, texts=row.public_texts,
        )
        for row in rows(session, _IMPROVEMENTS, params)
    ]  # fmt: skip
    return newest_first(found)


def _said(texts: Mapping[str, str]) -> dict[str, str]:
    return {locale: text for locale, text in texts.items() if text}


def newest_first(changes: Iterable[PublicChange]) -> list[PublicChange]:
    return sorted(changes, key=lambda one: (one.at, one.key), reverse=True)


def month_changes(days: History, *, now: dt.datetime, zone: str, months: int) -> list[PublicChange]:
    """The figures of the last whole months in which a promise had a case. A month is known when
    its last day has passed in `zone`."""
    first = local_date(now, zone).replace(day=1)
    found = []
    for _ in range(months):
        end, first = first, (first - dt.timedelta(days=1)).replace(day=1)
        at = resolve_local(dt.datetime.combine(end, dt.time.min), zone).instant
        for promise_id, listed in days.items():
            card = _month_card(listed, first, end)
            if card.commitments:
                found.append(
                    PublicChange(
                        NewsKind.MONTH, f"month/{promise_id}/{first:%Y-%m}", promise_id, at,
                        month_on=first, card=card,
                    )
                )  # fmt: skip
    return newest_first(found)


def _month_card(days: Iterable[DayCounts], first: dt.date, end: dt.date) -> Scorecard:
    return card_of(in_span(days, first, end - dt.timedelta(days=1)))
