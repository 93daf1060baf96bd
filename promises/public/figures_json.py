"""The public figures as files: JSON for programs, CSV for spreadsheets. docs/public-data.md is
their contract."""

import csv
import io
import json
from typing import Any

from flask import Blueprint, Response

from promises.catalogue.queries import PromiseInfo
from promises.http.context import current, work
from promises.http.permissions import public
from promises.http.urls import absolute
from promises.kernel.text import LOCALES
from promises.public.gathering import Shown, gather, gather_one
from promises.public.reading import answer_file, speak_as_asked, unchanged
from promises.reporting.public_document import (
    CSV_COLUMNS,
    SCHEMA,
    csv_rows,
    figures_document,
    improvement_documents,
    level_document,
    pause_documents,
)

blueprint = Blueprint("public_data", __name__)

JSON, CSV = "application/json", "text/csv"


@blueprint.get("/figures.json")
@public
def organisation() -> Response:
    """All promises of the organisation."""
    speak_as_asked()
    known = unchanged(file=True)
    if known is not None:
        return known
    with work() as uow:
        shown = gather(uow)
    promises = [_document(shown, info) for info in shown.infos]
    return _json(_head(shown) | {"promises": promises}, shown)


@blueprint.get("/p/<slug:promise_slug>.json")
@public
def promise(promise_slug: str) -> Response:
    speak_as_asked()
    known = unchanged(file=True)
    if known is not None:
        return known
    with work() as uow:
        shown, info, versions = gather_one(uow, promise_slug)
    listed = [
        {
            "number": one.number,
            "valid_from": one.valid_from.isoformat(),
            "valid_to": None if one.valid_to is None else one.valid_to.isoformat(),
            "published_at": one.published_at.isoformat(),
            "applied_to_history": one.applied_to_history,
            "sentence": {locale: shown.sentence(one, locale) for locale in LOCALES},
        }
        for one in versions
    ]
    document = _document(shown, info) | {"versions": listed}
    return _json(_head(shown) | {"promise": document}, shown, versions)


@blueprint.get("/p/<slug:promise_slug>.csv")
@public
def promise_csv(promise_slug: str) -> Response:
    """Windows and days; a promise to come has none of them yet."""
    speak_as_asked()
    known = unchanged(file=True)
    if known is not None:
        return known
    with work() as uow:
        shown, info, _versions = gather_one(uow, promise_slug)
    figures = shown.figures.get(info.promise_id)

    def render() -> str:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(CSV_COLUMNS)
        if figures is not None:
            writer.writerows(csv_rows(figures, today=shown.today, now=shown.now))
        return text.getvalue()

    response = answer_file(render, CSV, *shown.parts())
    response.headers["Content-Disposition"] = f'inline; filename="{info.slug}.csv"'
    return response


def _json(document: dict[str, Any], shown: Shown, *further: object) -> Response:
    def render() -> str:
        whole = {"schema": SCHEMA, "as_of": shown.now.isoformat()} | document
        return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"

    return answer_file(render, JSON, *shown.parts(), *further)


def _head(shown: Shown) -> dict[str, Any]:
    organisation = current().organisation
    return {
        "organisation": {
            "name": organisation.name,
            "slug": organisation.slug,
            "page": absolute("promise_pages.organisation"),
            "time_zone": organisation.time_zone,
            "currency": organisation.currency,
        },
        "service_level_30d": level_document(shown.level),
    }


def _document(shown: Shown, info: PromiseInfo) -> dict[str, Any]:
    figures = shown.figures.get(info.promise_id)
    named = {"promise_slug": info.slug}
    return {
        "slug": info.slug,
        "title": info.titles,
        "sentence": {one: shown.sentence(info.version, one) for one in LOCALES},
        "state": info.state.value,
        "valid_from": info.version.valid_from.isoformat(),
        "ends_at": None if info.ends_at is None else info.ends_at.isoformat(),
        "end_reason": shown.end_reason(info, current().locale) or None,
        "page": absolute("promise_pages.promise", **named),
        "json": absolute("public_data.promise", **named),
        "csv": absolute("public_data.promise_csv", **named),
        "pauses": pause_documents(
            shown.pauses.get(info.promise_id, ()), shown.branches(), shown.now
        ),
        "changed_because_of_breaches": improvement_documents(shown.made.get(info.promise_id, ())),
        "figures": None if figures is None else figures_document(figures),
    }
