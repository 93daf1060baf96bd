"""Figures of feedback by month, branch, service, segment, and of what became of the promise."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, render_template, request
from werkzeug.datastructures import MultiDict

from promises.db.session import UnitOfWork
from promises.feedback.figures import (
    DIMENSIONS,
    Block,
    FigureFilter,
    Figures,
    Group,
    blocks_of_group,
    breakdown,
    feedback_figures,
    list_blocks,
)
from promises.feedback.models import Outcome, Question
from promises.feedback.questions import LEAST_FOR_RATE, QUESTION_NAMES, SCALES, SCORE_WORDS, Tally
from promises.http import charts
from promises.http.context import current, work
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, staff
from promises.kernel.text import N_, format_count, format_month
from promises.kernel.zones import local_date
from promises.web.feedback_files import csv_text
from promises.web.forms.feedback import OUTCOMES, FiguresForm
from promises.web.problems import places

blueprint = Blueprint("feedback_figures", __name__)

SPANS = (1, 3, 12)
USUAL_SPAN = 12
SMALL = "-"
"""In an address: what cannot be told apart."""
TITLES = {
    "outcome": N_("What became of our promise"),
    "month": N_("Month"),
    "branch": N_("Branch"),
    "service": N_("Service"),
    "segment": N_("Customers"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A group in words, with its figure where there are enough answers for one. `group` names it in
    an address."""

    name: str
    tally: Tally
    figure: str
    group: str


@dataclass(frozen=True, slots=True)
class Chosen:
    form: FiguresForm
    only: FigureFilter
    branches: Mapping[uuid.UUID, str]
    kinds: Mapping[uuid.UUID, str]

    def address(self, **changes: object) -> dict[str, object]:
        """The arguments of an address that chooses the same."""
        kept = {
            "question": self.only.question.value,
            "months": self.form.months.data or USUAL_SPAN,
            "branch_id": self.only.branch_id,
        }
        return {name: value for name, value in (kept | changes).items() if value is not None}


@blueprint.get("/staff/feedback/figures", endpoint="page")
@staff(Permission.REPORT_READ)
def figures_page() -> str:
    with work() as uow:
        chosen = _choose(uow)
        found = feedback_figures(uow.session, organisation_id=uow.organisation_id, only=chosen.only)
    tables = _tables(chosen, found)
    question = chosen.only.question
    return render_template(
        "feedback/figures.html", chosen=chosen, figures=found, tables=tables, question=question,
        total=_figure(question, found.total), bars=_bars(question, found.total),
        name=QUESTION_NAMES[question], least=LEAST_FOR_RATE,
    )  # fmt: skip


@blueprint.get("/staff/feedback/figures/answers")
@staff(Permission.REPORT_READ)
def answers() -> str:
    """The blocks that the figures sum, each of five answers or more."""
    with work() as uow:
        chosen = _choose(uow)
        blocks = list_blocks(uow.session, organisation_id=uow.organisation_id, only=chosen.only)
    by, group = request.args.get("by", ""), request.args.get("group", "")
    part = None
    if by in DIMENSIONS:
        rows = _rows(chosen, by, breakdown(blocks, by))
        part = next((one.name for one in rows if one.group == group), None)
        blocks = blocks_of_group(blocks, by, None if group == SMALL else group)
    return render_template(
        "feedback/blocks.html", chosen=chosen, part=part,
        blocks=[_block(chosen, one) for one in blocks],
        answers=sum(one.tally.answers for one in blocks), name=QUESTION_NAMES[chosen.only.question],
    )  # fmt: skip


@blueprint.get("/staff/feedback/figures.csv")
@staff(Permission.REPORT_READ)
def figures_file() -> Response:
    """Every row of every table of the page; the same groups, and no others."""
    with work() as uow:
        chosen = _choose(uow)
        found = feedback_figures(uow.session, organisation_id=uow.organisation_id, only=chosen.only)
    lowest, highest = SCALES[chosen.only.question]
    scores = range(lowest, highest + 1)
    lines = [[gettext("By"), gettext("Group"), gettext("Answers"), *(str(one) for one in scores)]]
    lines.append(_line(gettext("All"), "", found.total, scores))
    for _, title, rows in _tables(chosen, found):
        lines += [_line(title, one.name, one.tally, scores) for one in rows]
    headers = {"Content-Disposition": 'attachment; filename="feedback.csv"'}
    return Response(csv_text(lines), mimetype="text/csv", headers=headers)


def _line(by: str, group: str, tally: Tally, scores: range) -> list[str]:
    return [by, group, str(tally.answers), *(str(tally.counts[one]) for one in scores)]


def _choose(uow: UnitOfWork) -> Chosen:
    names = places(uow)
    form = FiguresForm(formdata=MultiDict(request.args))
    form.offer(names["branches"], SPANS)
    form.validate()
    question = next(
        (one for one in SCALES if one.value == form.question.data), Question.RECOMMENDATION
    )
    asked = form.months.data or ""
    span = int(asked) if asked in {str(one) for one in SPANS} else USUAL_SPAN
    to_on = local_date(uow.now, current().organisation.time_zone).replace(day=1)
    outcome = request.args.get("outcome")
    only = FigureFilter(
        question=question,
        from_on=_months_before(to_on, span - 1),
        to_on=to_on,
        branch_id=form.branch_id.data if form.branch_id.data in names["branches"] else None,
        outcome=outcome if outcome in {one.value for one in Outcome} else None,
    )
    form.question.data, form.months.data = question.value, str(span)
    return Chosen(form, only, names["branches"], names["kinds"])


def _months_before(month_on: dt.date, count: int) -> dt.date:
    months = month_on.year * 12 + month_on.month - 1 - count
    return dt.date(months // 12, months % 12 + 1, 1)


def _tables(chosen: Chosen, found: Figures) -> list[tuple[str, str, list[Told]]]:
    """The name of each breakdown, its title and its rows."""
    groups = {
        "outcome": found.outcomes,
        "month": found.months,
        "branch": found.branches,
        "service": found.services,
        "segment": found.segments,
    }
    return [(by, gettext(TITLES[by]), _rows(chosen, by, some)) for by, some in groups.items()]


def _rows(chosen: Chosen, by: str, groups: tuple[Group, ...]) -> list[Told]:
    names: dict[str, Callable[[Any], object]] = {
        "outcome": lambda key: gettext(OUTCOMES[Outcome(key)]),
        "month": _month,
        "branch": chosen.branches.get,
        "service": chosen.kinds.get,
        "segment": str,
    }
    if by == "outcome":  # in the order of the chain: kept, made good, not made good
        place = {one.value: number for number, one in enumerate(Outcome)}
        groups = tuple(sorted(groups, key=lambda one: place.get(one.key, len(place))))
    question = chosen.only.question
    return [
        Told(
            _name(one, names[by]),
            one.tally,
            _figure(question, one.tally),
            str(one.key or "") if one.shared else SMALL,
        )
        for one in groups
    ]


def _name(group: Group, name_of: Callable[[Any], object]) -> str:
    if not group.shared:
        return gettext("Small groups together")
    if group.key is None:
        return gettext("Not known")
    return str(name_of(group.key) or gettext("Not known"))


def _month(month_on: dt.date) -> str:
    return format_month(locale(), month_on)


def _figure(question: Question, tally: Tally) -> str:
    """The net figure of recommendation from 30 answers on, else counts; the mean of the others."""
    if question is Question.RECOMMENDATION:
        if tally.net is None:
            return gettext("%(promoters)s gladly, %(passives)s perhaps, %(detractors)s not",
                           promoters=tally.promoters, passives=tally.passives,
                           detractors=tally.detractors)  # fmt: skip
        return f"{tally.net:+d}".replace("-", "\u2212") if tally.net else "0"
    if tally.mean is None:
        return "–"
    lowest, highest = SCALES[question]
    mean = format_count(locale(), Decimal(round(tally.mean * 10)) / 10)
    return gettext("%(mean)s on a scale from %(lowest)s to %(highest)s",
                   mean=mean, lowest=lowest, highest=highest)  # fmt: skip


def _bars(question: Question, tally: Tally) -> tuple[charts.BarRow, ...]:
    lowest, highest = SCALES[question]
    words = SCORE_WORDS.get(question, {})
    rows = [
        (gettext(words[score]) if score in words else str(score), tally.counts[score])
        for score in range(highest, lowest - 1, -1)
    ]
    return charts.horizontal_bars([(label, n, str(n)) for label, n in rows])


def _block(chosen: Chosen, block: Block) -> dict[str, str | int]:
    several = gettext("Several")
    shared = block.shared
    months = _month(block.first_on)
    if block.first_on != block.last_on:
        months = f"{months} – {_month(block.last_on)}"
    branch = block.branch_id and chosen.branches.get(block.branch_id)
    kind = block.service_kind_id and chosen.kinds.get(block.service_kind_id)
    outcome = gettext(OUTCOMES[Outcome(block.outcome)]) if block.outcome else several
    return {
        "months": months,
        "branch": (branch or gettext("Not known")) if "branch" in shared else several,
        "service": (kind or gettext("Not known")) if "service" in shared else several,
        "outcome": outcome,
        "answers": block.tally.answers,
        "figure": _figure(chosen.only.question, block.tally),
    }
