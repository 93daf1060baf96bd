"""What the public pages, files and badges share: figures a few seconds old at most, read once for
all readers of a process, and answers that cost next to nothing to those who have them already.

From a breach on record to every reader it takes SETTLED_SECONDS for the slow figures,
FRESH_SECONDS for a remembered answer, and what CACHED lets a cache keep: under a minute.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from flask import Response, current_app, make_response, request

from promises.catalogue.queries import PromiseInfo, PromiseState
from promises.db.session import UnitOfWork
from promises.http import i18n
from promises.http.conditional import etag_of
from promises.http.context import current
from promises.http.security import let_be_fetched
from promises.kernel.clock import process_clock
from promises.kernel.text import LOCALES
from promises.kernel.zones import local_date
from promises.reporting.public_page import Asker, PublicFigures, Settled, public_figures, settled
from promises.reporting.service_level import ServiceLevel, service_level

FRESH_SECONDS = 5.0
SETTLED_SECONDS = 20.0
MOST_KEPT = 1000
CACHED = "public, max-age=10, stale-while-revalidate=20"

Key = TypeVar("Key")
Value = TypeVar("Value")
Promises = tuple[uuid.UUID, tuple[uuid.UUID, ...]]


class Kept(Generic[Key, Value]):
    """Values of this process and when they were read; when full, the older half goes."""

    def __init__(self) -> None:
        self._found: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key, seconds: float) -> Value | None:
        """None where nothing is known, or it is older than that."""
        known = self._found.get(key)
        if known is None or process_clock.monotonic() - known[0] > seconds:
            return None
        return known[1]

    def put(self, key: Key, value: Value) -> Value:
        if len(self._found) >= MOST_KEPT:
            newest = sorted(self._found.items(), key=lambda one: one[1][0])[MOST_KEPT // 2 :]
            self._found = dict(newest)
        self._found[key] = (process_clock.monotonic(), value)
        return value


_settled: Kept[Promises, Settled] = Kept()
_figures: Kept[Promises, dict[uuid.UUID, PublicFigures]] = Kept()
_levels: Kept[uuid.UUID, ServiceLevel] = Kept()
_answers: Kept[tuple[object, ...], str] = Kept()


def begun(infos: Sequence[PromiseInfo]) -> list[PromiseInfo]:
    """Those of which there can be figures; what is to come has none."""
    return [info for info in infos if info.state is not PromiseState.SCHEDULED]


def figures_of(uow: UnitOfWork, infos: Sequence[PromiseInfo]) -> Mapping[uuid.UUID, PublicFigures]:
    """By promise that has begun."""
    organisation = current().organisation
    wanted = tuple(sorted(info.promise_id for info in begun(infos)))
    if not wanted:
        return {}
    key = uow.organisation_id, wanted
    found = _figures.get(key, FRESH_SECONDS)
    if found is not None:
        return found
    asker = Asker(uow.organisation_id, wanted, organisation.time_zone, organisation.currency)
    known = _settled.get(key, SETTLED_SECONDS)
    if known is None or known.today != local_date(uow.now, asker.zone):
        known = _settled.put(key, settled(uow.session, asker, now=uow.now))
    return _figures.put(key, public_figures(uow.session, asker, now=uow.now, known=known))


def level_of(uow: UnitOfWork) -> ServiceLevel:
    """How quick the service was for this organisation."""
    known = _levels.get(uow.organisation_id, SETTLED_SECONDS)
    if known is not None:
        return known
    found = service_level(uow.session, organisation_id=uow.organisation_id, now=uow.now)
    return _levels.put(uow.organisation_id, found)


def link_language() -> dict[str, str]:
    """What links of these pages carry: the language, where the address of this one does."""
    chosen = request.args.get("lang")
    return {"lang": chosen} if chosen in LOCALES else {}


def speak_as_asked() -> str:
    """For files and badges: the language of the address, else the organisation's; neither cookies
    nor the browser count, so that one address always gives one answer."""
    i18n.language_in_link()
    wanted = request.args.get("lang")
    locale = wanted if wanted in LOCALES else str(current().organisation.locale)
    i18n.speak(locale if locale in LOCALES else i18n.DEFAULT)
    return i18n.locale()


def unchanged(*, file: bool = False) -> Response | None:
    """A 304 where the reader has what was answered here a moment ago: no database, no template."""
    etag = _answers.get(_address(), FRESH_SECONDS)
    if etag is None or etag not in request.if_none_match:
        return None
    return _headed(Response(status=304), etag, file=file)


def answer(render: Callable[[], str], *parts: object) -> Response:
    """The page, or a 304 before it is rendered where the reader has what these parts made."""
    return _answer(render, parts, None)


def answer_file(render: Callable[[], str], kind: str, *parts: object) -> Response:
    """The same for what pages and programs of others may fetch; `kind` is its media type."""
    return _answer(render, parts, kind)


def _answer(render: Callable[[], str], parts: tuple[object, ...], kind: str | None) -> Response:
    etag = etag_of(kind, *parts)
    _answers.put(_address(), etag)
    if etag in request.if_none_match:
        return _headed(Response(status=304), etag, file=kind is not None)
    response = make_response(render())
    if kind is not None:
        response.mimetype = kind
    return _headed(response, etag, file=kind is not None)


def _headed(response: Response, etag: str, *, file: bool) -> Response:
    response.set_etag(etag)
    response.headers["Cache-Control"] = CACHED
    if file:
        let_be_fetched(response)
    elif not link_language():
        response.vary.update(("Accept-Language", "Cookie"))
    return response


def _address() -> tuple[object, ...]:
    chosen = tuple(
        sorted((name, request.args[name]) for name in ("lang", "show") if name in request.args)
    )
    return (
        current().organisation_id,
        current_app.config["LUPAUS_RELEASE"],
        request.path,
        chosen,
        i18n.locale(),
    )
