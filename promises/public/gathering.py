"""What the public may know of an organisation's promises, read in one unit of work."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promises.catalogue.pause_queries import Pause, PauseState, pauses_over_span
from promises.catalogue.queries import (
    PromiseInfo,
    Version,
    list_promises,
    list_versions,
    promise_by_slug,
)
from promises.db.session import UnitOfWork
from promises.http.context import current
from promises.identity.queries import list_branches, list_service_kinds, service_name
from promises.kernel.text import LOCALES
from promises.kernel.zones import local_date
from promises.public.reading import figures_of, level_of
from promises.reporting.public_changes import Improvement, end_reasons, improvements
from promises.reporting.public_page import PublicFigures
from promises.reporting.service_level import ServiceLevel
from promises.rules.explain import promise_details, promise_sentence

_PAUSES_SHOWN = dt.timedelta(days=365)
_AHEAD = dt.timedelta(days=3650)

Names = Mapping[str, Mapping[uuid.UUID, str]]


@dataclass(frozen=True, slots=True)
class Shown:
    """All promises of a page or a file. `names` of branches and services by language; `pauses`
    those of the last year, running and announced, the latest first, without those called off."""

    infos: tuple[PromiseInfo, ...]
    figures: Mapping[uuid.UUID, PublicFigures]
    names: Names
    pauses: Mapping[uuid.UUID, tuple[Pause, ...]]
    made: Mapping[uuid.UUID, Sequence[Improvement]]
    ends: Mapping[uuid.UUID, Mapping[str, str]]
    level: ServiceLevel
    now: dt.datetime
    today: dt.date

    def parts(self) -> tuple[object, ...]:
        """What an answer depends on. The instant itself is no part: it changes what is shown only
        where one of the others changes with it."""
        running = [one.pause_id for one in self.paused_now()]
        return (
            self.infos, self.figures, self.names, self.pauses, self.made, self.ends, self.level,
            self.today, running,
        )  # fmt: skip

    def paused_now(self) -> list[Pause]:
        return [
            pause
            for pauses in self.pauses.values()
            for pause in pauses
            if pause.state(self.now) is PauseState.RUNNING
        ]

    def sentence(self, version: Version, locale: str) -> str:
        return promise_sentence(version.terms, locale, self.names[locale])

    def end_reason(self, info: PromiseInfo, locale: str) -> str:
        """In that language, else in any that there is."""
        said = self.ends.get(info.promise_id) or {}
        return said.get(locale) or next(iter(said.values()), info.end_reason or "")

    def branches(self) -> Mapping[uuid.UUID, str]:
        return self.names[LOCALES[0]]


def gather(uow: UnitOfWork) -> Shown:
    """All promises there are in public: in force, to come, ended."""
    infos = list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
    return _gather(uow, infos)


def gather_one(uow: UnitOfWork, slug: str) -> tuple[Shown, PromiseInfo, tuple[Version, ...]]:
    """One promise with its versions, the newest first. Raises NoSuchPromise."""
    tenant = {"organisation_id": uow.organisation_id}
    info = promise_by_slug(uow.session, **tenant, slug=slug, at=uow.now)
    versions = list_versions(uow.session, **tenant, promise_id=info.promise_id)
    return _gather(uow, [info]), info, versions


def _gather(uow: UnitOfWork, infos: Sequence[PromiseInfo]) -> Shown:
    tenant = {"organisation_id": uow.organisation_id}
    wanted = {info.promise_id for info in infos}
    made = improvements(uow.session, **tenant, now=uow.now)
    return Shown(
        infos=tuple(infos),
        figures=figures_of(uow, infos),
        names=_names(uow),
        pauses=_pauses(uow, wanted),
        made={one: made[one] for one in made if one in wanted},
        ends=end_reasons(uow.session, **tenant) if any(one.ends_at for one in infos) else {},
        level=level_of(uow),
        now=uow.now,
        today=local_date(uow.now, current().organisation.time_zone),
    )


def _pauses(uow: UnitOfWork, wanted: set[uuid.UUID]) -> dict[uuid.UUID, tuple[Pause, ...]]:
    found: dict[uuid.UUID, list[Pause]] = {}
    for pause in pauses_over_span(
        uow.session,
        organisation_id=uow.organisation_id,
        since=uow.now - _PAUSES_SHOWN,
        until=uow.now + _AHEAD,
    ):
        if pause.promise_id in wanted and pause.state(uow.now) is not PauseState.CALLED_OFF:
            found.setdefault(pause.promise_id, []).insert(0, pause)
    return {promise_id: tuple(pauses) for promise_id, pauses in found.items()}


def _names(uow: UnitOfWork) -> Names:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id, "closed": True}
    branches = {one.id: one.name for one in list_branches(uow.session, **tenant)}
    kinds = list_service_kinds(uow.session, **tenant)
    return {
        locale: branches | {kind.id: service_name(kind, locale) for kind in kinds}
        for locale in LOCALES
    }


def details(version: Version, locale: str) -> list[str]:
    return promise_details(version.terms, locale)
