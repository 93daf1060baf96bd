"""The board report: the page, the workbook and the document say the same, and add up."""

import base64
import datetime as dt
import io
import re
import zipfile
import zlib
from xml.etree import ElementTree

import pytest

from promises.catalogue.queries import list_promises
from promises.flows.count_days import count_days
from promises.flows.pause_promise import pause_promise
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from promises.reporting.board import Period, board_report, span_of
from promises.reporting.money import MoneyStage
from promises.reporting.period_cards import period_cards
from promises.reporting.scorecard import Selection, scorecards_by_promise
from tests.catalogue.ground import make_ground
from tests.reporting.cases import Case, Cases
from tests.web.staff import sign_in

ZONE = "Europe/Helsinki"
SOON, LATE = dt.timedelta(minutes=5), dt.timedelta(minutes=20)
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def ground(app):
    """In this month 30 kept, 2 broken and an excluded case of one promise, 3 kept of another one,
    and a case of the year before; a pause that was announced today."""
    with app.app_context():
        made = make_ground()
        with made.made.work(Role.MANAGER) as uow:
            day = local_date(uow.now, ZONE)
            first, second = Cases(uow, made), Cases(uow, made)
            first.add(*[Case(day, "kept", SOON)] * 30)
            first.add(
                Case(day, "broken", LATE, money="redeemed"),
                Case(day, "broken", LATE, money="owed", evidence="unverified"),
                Case(day, "excluded"),
                Case(day - dt.timedelta(days=400), "broken", LATE, money="owed"),
            )
            second.add(*[Case(day, "kept", SOON)] * 3)
            pause_promise(
                uow, promise_id=second.promise.promise_id, branch_id=None, starts_at=uow.now,
                ends_at=None, reasons={"en": "=SUM(1;1) is not a reason", "fi": "Yö ja jäätävää."},
            )  # fmt: skip
        yield made


def report(app, ground):
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        return board_report(
            uow.session,
            organisation_id=ground.organisation_id,
            promises=list_promises(uow.session, organisation_id=ground.organisation_id, at=uow.now),
            days=span_of(Period.MONTH, local_date(uow.now, ZONE)),
            today=local_date(uow.now, ZONE),
            place=(ZONE, "EUR"),
        )


def fetch(client, ground, what, lang="en"):
    sign_in(client, ground.made, Role.ACCOUNTANT)
    day = local_date(dt.datetime.now(dt.UTC), ZONE).isoformat()
    answer = client.get(f"/o/{ground.slug}/staff/{what}?period=month&day={day}&lang={lang}")
    assert answer.status_code == 200
    return answer


def cells(content):
    """Each sheet as rows of texts and numbers."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        shared = [
            "".join(one.itertext())
            for one in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        found = []
        names = sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet"))
        for name in names:
            rows = ElementTree.fromstring(book.read(name)).iter(f"{SHEET}row")
            found.append([[_value(cell, shared) for cell in row] for row in rows])
        return found


def _value(cell, shared):
    value = cell.find(f"{SHEET}v").text
    return shared[int(value)] if cell.get("t") == "s" else float(value)


def test_spans_are_those_of_the_calendar():
    day = dt.date(2026, 2, 14)
    assert span_of(Period.MONTH, day) == (dt.date(2026, 2, 1), dt.date(2026, 2, 28))
    assert span_of(Period.QUARTER, day) == (dt.date(2026, 1, 1), dt.date(2026, 3, 31))
    assert span_of(Period.YEAR, day) == (dt.date(2026, 1, 1), dt.date(2026, 12, 31))


def test_report_adds_up_and_leaves_other_days_out(app, ground):
    found = report(app, ground)
    assert sorted((line.card.kept, line.card.broken) for line in found.lines) == [(3, 0), (30, 2)]
    total = found.total
    assert (total.kept, total.broken, total.excluded, total.broken_unverified) == (33, 2, 1, 1)
    assert found.money_minor(MoneyStage.OWED) == found.money_minor(MoneyStage.REDEEMED) == 1000
    assert sorted(change.kind for change in found.changes) == ["paused", "published", "published"]


def test_workbook_holds_the_numbers_of_the_page(client, ground):
    kept, apart, money, changes, words = cells(fetch(client, ground, "board.xlsx").data)
    by_name = {row[0]: row[1:] for row in kept[3:]}
    assert by_name["All promises"][:2] == [33, 2]
    assert by_name["All promises"][2] == pytest.approx(33 / 35)
    assert apart[-1][:5] == ["All promises", 1, 0, 1, 0]
    assert ["All promises", 10.0, 0.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0] in money
    assert any("=SUM(1;1) is not a reason" in row for row in changes)
    assert len(words) > 5
    text = fetch(client, ground, "board").text
    rows = re.findall(r"<tr role=\"row\">(.*?)</tr>", text, re.S)
    plain = [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row)) for row in rows]
    total, other, _ = [row for row in plain if "All promises" in row]
    assert re.search(r"All promises 33 2 94\.2%", total)
    assert re.search(r"All promises 1 0 1 0 ", other)


def test_counts_from_kept_days_equal_a_recount(app, ground):
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        tenant = {"organisation_id": ground.organisation_id}
        today = local_date(uow.now, ZONE)
        for ago in (0, 1, 399, 400, 401):
            for back in (0, 10, 600):
                last = today - dt.timedelta(days=ago)
                days = (last - dt.timedelta(days=back), last)
                asked = tenant | {"days": days, "today": today}
                before = period_cards(uow.session, **asked, promise_ids=None)
                wanted = scorecards_by_promise(
                    uow.session, **tenant, selection=Selection(None, None, *days)
                )
                assert before == wanted
        count_days(uow)
        days = (today - dt.timedelta(days=500), today)
        again = period_cards(uow.session, **tenant, promise_ids=None, days=days, today=today)
        assert again == scorecards_by_promise(
            uow.session, **tenant, selection=Selection(None, None, *days)
        )


def test_few_cases_show_no_share(client, ground):
    kept, *_ = cells(fetch(client, ground, "board.xlsx").data)
    (few,) = [row for row in kept[3:] if row[1:3] == [3, 0]]
    assert 1.0 not in few[3:]


def test_document_has_real_text_a_title_and_a_language(client, ground):
    made = fetch(client, ground, "board.pdf", lang="fi")
    assert made.mimetype == "application/pdf"
    assert b"/Lang (fi)" in made.data
    streams = re.findall(rb"stream\r?\n(.*?)endstream", made.data, re.S)
    text = b"".join(zlib.decompress(base64.a85decode(one.strip(), adobe=False)) if not
                    one.strip().endswith(b"~>") else
                    zlib.decompress(base64.a85decode(b"<~" + one.strip(), adobe=True))
                    for one in streams)  # fmt: skip
    assert rb"Y\366 ja j\344\344t\344v\344\344." in text
    assert b"Palvelu" in text


@pytest.mark.parametrize("what", ["board.pdf", "board.xlsx"])
def test_same_report_gives_the_same_bytes(client, ground, what):
    assert fetch(client, ground, what).data == fetch(client, ground, what).data


def test_clerk_does_not_read_the_board_report(client, ground):
    sign_in(client, ground.made, Role.CLERK)
    for what in ("board", "board.pdf", "board.xlsx"):
        assert client.get(f"/o/{ground.slug}/staff/{what}").status_code == 403
