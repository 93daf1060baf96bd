"""The board report: one page, one workbook, one document, one click each."""

import datetime as dt
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request

from promises.catalogue.queries import list_promises
from promises.http.context import current, work
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, staff
from promises.kernel.text import N_, format_date
from promises.kernel.zones import local_date
from promises.reporting.board import Period, board_report, span_of
from promises.web.board_files import document, words_of, workbook
from promises.web.board_tables import Table, board_tables

blueprint = Blueprint("board", __name__)

PERIODS = {Period.MONTH: N_("Month"), Period.QUARTER: N_("Quarter"), Period.YEAR: N_("Year")}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Report:
    """`day` is the first one of the period."""

    period: Period
    from_on: dt.date
    to_on: dt.date
    title: str
    subtitle: str
    tables: list[Table]


@blueprint.get("/staff/board")
@staff(Permission.REPORT_READ)
def page() -> str:
    report = _report()
    return render_template(
        "board/page.html",
        report=report,
        periods=PERIODS,
        before=report.from_on - dt.timedelta(days=1),
        after=report.to_on + dt.timedelta(days=1),
        words_of=words_of,
    )


@blueprint.get("/staff/board.xlsx")
@staff(Permission.REPORT_READ)
def as_workbook() -> Response:
    report = _report()
    made = workbook(report.title, report.subtitle, report.tables, report.to_on)
    return _file(report, made, "xlsx", XLSX)


@blueprint.get("/staff/board.pdf")
@staff(Permission.REPORT_READ)
def as_document() -> Response:
    report = _report()
    made = document(report.title, report.subtitle, report.tables, locale())
    return _file(report, made, "pdf", "application/pdf")


def _file(report: Report, content: bytes, ending: str, mimetype: str) -> Response:
    name = f"{current().organisation.slug}-{report.from_on}-{report.to_on}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, mimetype=mimetype)


def _report() -> Report:
    """Of the period that the address names; without one, of the last month that is over."""
    found = current().organisation
    with work() as uow:
        today = local_date(uow.now, found.time_zone)
        period, day = _asked(today)
        days = span_of(period, day)
        promises = list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
        board = board_report(
            uow.session,
            organisation_id=uow.organisation_id,
            promises=promises,
            days=days,
            today=today,
            place=(found.time_zone, found.currency),
        )
    known = {one.promise_id: one for one in promises}
    first, last = (format_date(locale(), one) for one in days)
    return Report(
        period,
        *days,
        gettext("How %(organisation)s kept its promises", organisation=found.name),
        gettext("From %(first)s to %(last)s", first=first, last=last),
        board_tables(board, known, found.time_zone),
    )


def _asked(today: dt.date) -> tuple[Period, dt.date]:
    name, text = request.args.get("period"), request.args.get("day", "")
    period = Period(name) if name in list(Period) else Period.MONTH
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = span_of(period, today)[0] - dt.timedelta(days=1)
    return period, max(dt.date(2000, 1, 1), min(day, dt.date(2199, 12, 31)))
