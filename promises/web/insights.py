"""Why and when one promise breaks: control chart, hours of the week, waits, causes, notes."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from promises.catalogue.queries import PromiseInfo, promise_by_slug
from promises.db.session import UnitOfWork
from promises.http import charts
from promises.http.context import current, work
from promises.http.i18n import day_names, gettext, locale
from promises.http.permissions import Permission, staff
from promises.http.tables import csv_answer
from promises.improvement.annotations import NewNote, add_note, remove_note
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.text import N_, format_percent
from promises.reporting.insights import hours_of_week
from promises.reporting.insights_causes import CauseCount, causes_counted
from promises.reporting.insights_marks import MarkKind, marks_of
from promises.reporting.scorecard import Selection, Waits, daily_series, waits
from promises.reporting.statistics import Part, Signal, pareto
from promises.rules.terms import WaitTerms
from promises.web.forms.improvement import NoteForm
from promises.web.insights_figures import AtLimit, Control, Heat, at_limit, control, heat
from promises.web.periods import Chosen, choose
from promises.web.promises import wait_chart
from promises.web.words import title_of

blueprint = Blueprint("insights", __name__)

SPAN_DAYS = 30
MOST_DAYS = 366

MARKS = {
    MarkKind.VERSION: N_("New version"),
    MarkKind.ACTION: N_("Action in force"),
    MarkKind.PAUSE: N_("Paused"),
    MarkKind.OUTAGE: N_("Outage"),
    MarkKind.NOTE: N_("Note"),
}
SIGNALS = {
    Signal.BELOW: N_("Below what chance explains"),
    Signal.ABOVE: N_("Above what chance explains"),
    Signal.RUN_BELOW: N_("Nine or more in a row below the centre"),
    Signal.RUN_ABOVE: N_("Nine or more in a row above the centre"),
}


def as_share(value: float, digits: int = 1) -> str:
    """A share that was counted with floats, for people."""
    return format_percent(locale(), Fraction(value).limit_denominator(1_000_000), digits)


@dataclass(frozen=True, slots=True)
class Insights:
    """`limit_seconds`, histogram and spike only where the promise is about one wait."""

    info: PromiseInfo
    chosen: Chosen
    selection: Selection
    control: Control
    heat: Heat
    waits: Waits
    histogram: charts.Histogram | None
    at_limit: AtLimit | None
    causes: tuple[Part, ...]


@blueprint.get("/staff/promises/<slug:promise_slug>/insights")
@staff(Permission.REPORT_READ)
def promise(promise_slug: str) -> str:
    with work() as uow:
        found = _insights(uow, promise_slug)
    form = NoteForm(formdata=None, data={"day_on": found.chosen.today})
    return _page(found, form)


def _page(found: Insights, form: NoteForm) -> str:
    return render_template(
        "insights/promise.html",
        found=found,
        title=title_of(found.info),
        names={one.key.cause_id: one.key.name(locale()) for one in _named(found.causes)},
        days=day_names(),
        marks=MARKS,
        signals=SIGNALS,
        form=form,
        as_share=as_share,
        address=found.chosen.address(promise=None, from_on=found.selection.from_on,
                                     to_on=found.selection.to_on),
    )  # fmt: skip


def _named(parts: tuple[Part, ...]) -> list[Any]:
    return [one for one in parts if isinstance(one.key, CauseCount) and one.key.cause_id]


def _insights(uow: UnitOfWork, slug: str) -> Insights:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    info = promise_by_slug(uow.session, slug=slug, at=uow.now, **tenant)
    chosen = choose(uow, days=SPAN_DAYS)
    selection = bounded(chosen, info.promise_id)
    asked = tenant | {"selection": selection}
    marks = marks_of(uow.session, zone=current().organisation.time_zone, locale=locale(), **asked)
    measured = waits(uow.session, **asked)
    terms = info.version.terms
    counted = causes_counted(uow.session, **asked)
    return Insights(
        info=info,
        chosen=chosen,
        selection=selection,
        control=control(daily_series(uow.session, **asked), marks),
        heat=heat(hours_of_week(uow.session, zones=_zones(chosen), **asked)),
        waits=measured,
        histogram=wait_chart(measured, info.version),
        at_limit=at_limit(measured, terms.rule.limit_seconds)
        if isinstance(terms, WaitTerms)
        else None,
        causes=pareto([(one, one.count) for one in counted]),
    )


def bounded(chosen: Chosen, promise_id: uuid.UUID | None) -> Selection:
    """The chosen days with both ends, a year at most: a page never looks at all of history."""
    one = chosen.selection
    last = min(one.to_on or chosen.today, chosen.today)
    first = one.from_on or last - dt.timedelta(days=SPAN_DAYS - 1)
    first = max(min(first, last), last - dt.timedelta(days=MOST_DAYS - 1))
    return Selection(promise_id, one.branch_id, first, last)


def _zones(chosen: Chosen) -> dict[uuid.UUID, str]:
    return {one.id: one.time_zone for one in chosen.branches.values()}


@blueprint.get("/staff/promises/<slug:promise_slug>/insights/days.csv")
@staff(Permission.REPORT_READ)
def days_table(promise_slug: str) -> Response:
    """The figures behind the control chart, for the same days; the others likewise."""
    return _table(promise_slug, "days", _days)


@blueprint.get("/staff/promises/<slug:promise_slug>/insights/hours.csv")
@staff(Permission.REPORT_READ)
def hours_table(promise_slug: str) -> Response:
    return _table(promise_slug, "hours", _hours)


@blueprint.get("/staff/promises/<slug:promise_slug>/insights/waits.csv")
@staff(Permission.REPORT_READ)
def waits_table(promise_slug: str) -> Response:
    return _table(promise_slug, "waits", _waits)


@blueprint.get("/staff/promises/<slug:promise_slug>/insights/limit.csv")
@staff(Permission.REPORT_READ)
def limit_table(promise_slug: str) -> Response:
    return _table(promise_slug, "limit", _limit)


def _table(promise_slug: str, chart: str, write: "Callable[[Insights], Lines]") -> Response:
    with work() as uow:
        found = _insights(uow, promise_slug)
    head, lines = write(found)
    return csv_answer(f"{promise_slug}-{chart}.csv", head, lines)


Lines = tuple[list[str], list[tuple[object, ...]]]


def _days(found: Insights) -> Lines:
    head = [gettext(one) for one in ("From", "To", "Kept", "Broken", "Share", "Lower limit",
                                     "Upper limit", "Beyond chance")]  # fmt: skip
    lines: list[tuple[object, ...]] = []
    one = found.control
    for point, share, limits in zip(one.points, one.chart.points, one.chart.limits, strict=True):
        signal = limits.signal if limits else None
        lines.append(
            (
                point.from_on.isoformat(),
                point.to_on.isoformat(),
                point.kept,
                point.broken,
                share.value,
                limits.low if limits else None,
                limits.high if limits else None,
                gettext(SIGNALS[signal]) if signal else None,
            )
        )
    return head, lines


def _hours(found: Insights) -> Lines:
    head = [gettext(one) for one in ("Day", "Hour", "Kept", "Broken")]
    names = day_names()
    return head, [
        (names[one.weekday - 1], one.hour, one.kept, one.broken) for one in found.heat.hours
    ]


def _waits(found: Insights) -> Lines:
    return [gettext("Wait in seconds"), gettext("Cases")], [*found.waits.counts]


def _limit(found: Insights) -> Lines:
    head = [gettext(one) for one in ("From, in seconds", "To, in seconds", "Cases", "Expected",
                                     "Lower limit", "Upper limit")]  # fmt: skip
    spike = found.at_limit.found if found.at_limit else None
    return head, [
        (one.from_seconds, one.to_seconds, one.cases, one.expected, one.low, one.high)
        for one in (spike.bins if spike else ())
    ]


# The headings that are chosen by name above, where the catalogue finds them.
_HEADINGS = (
    N_("From"), N_("To"), N_("Kept"), N_("Broken"), N_("Share"), N_("Lower limit"),
    N_("Upper limit"), N_("Beyond chance"), N_("Day"), N_("Hour"), N_("From, in seconds"),
    N_("To, in seconds"), N_("Cases"), N_("Expected"),
)  # fmt: skip


@blueprint.post("/staff/promises/<slug:promise_slug>/insights/notes")
@staff(Permission.IMPROVE)
def note(promise_slug: str) -> Response | tuple[str, int]:
    """Write on the control chart what happened on a day."""
    form = NoteForm()
    if form.validate():
        try:
            with work() as uow:
                info = promise_by_slug(
                    uow.session, organisation_id=uow.organisation_id, slug=promise_slug, at=uow.now
                )
                add_note(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    note=NewNote(
                        form.day_on.data, form.text.data, info.promise_id, current().branch_id
                    ),
                )
        except NotFound:
            raise
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved."), "success")
            return redirect(_back(promise_slug), 303)
    with work() as uow:
        found = _insights(uow, promise_slug)
    return _page(found, form), 422


@blueprint.post("/staff/promises/<slug:promise_slug>/insights/notes/<uuid:note_id>/remove")
@staff(Permission.IMPROVE)
def unnote(promise_slug: str, note_id: uuid.UUID) -> Response:
    with work() as uow:
        info = promise_by_slug(
            uow.session, organisation_id=uow.organisation_id, slug=promise_slug, at=uow.now
        )
        remove_note(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            note_id=note_id,
            promise_id=info.promise_id,
        )
    flash(gettext("The note is gone from the chart."), "success")
    return redirect(_back(promise_slug), 303)


def _back(promise_slug: str) -> str:
    kept: dict[str, Any] = MultiDict(request.args).to_dict()
    return url_for("insights.promise", promise_slug=promise_slug, **kept)
