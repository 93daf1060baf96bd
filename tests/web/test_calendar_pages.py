"""The calendars of an organisation in the browser's view: change, refuse, take over, look back."""

import datetime as dt
import html
import io
import re

import pytest

from promises.identity import calendars
from promises.kernel.actors import Role
from tests.factories.identity import make_organisation
from tests.web.staff import csrf_token, post, sign_in

CLOSED = {f"day_{index}": "" for index in range(7)}


@pytest.fixture
def made(app):
    with app.app_context():
        return make_organisation()


@pytest.fixture
def admin(client, made):
    sign_in(client, made, Role.ADMINISTRATOR)
    return client


def address(made, tail, calendar_id=None):
    return f"/o/{made.slug}/staff/calendars/{calendar_id or made.branch.calendar_id}{tail}"


def hours_of(app, made, calendar_id=None):
    with app.app_context(), made.work() as uow:
        return calendars.stored_hours(
            uow.session,
            organisation_id=made.id,
            calendar_id=calendar_id or made.branch.calendar_id,
        )


def hidden(answer, name):
    return html.unescape(re.search(rf'name="{name}"[^>]* value="([^"]*)"', answer.text)[1])


def send(client, path, data, *, version=None, page=None):
    """Post with the version that the page shows, unless another one is given."""
    shown = hidden(client.get(page or path), "version") if version is None else str(version)
    return post(client, path, {"version": shown} | data, page=page)


def upload(client, path, text):
    data = {
        "csrf_token": csrf_token(client, path),
        "file": (io.BytesIO(text.replace("\n", "\r\n").encode()), "holidays.ics"),
    }
    return client.post(path, data=data, content_type="multipart/form-data")


def events(*parts):
    body = "".join(f"BEGIN:VEVENT\nUID:{n}\n{part}\nEND:VEVENT\n" for n, part in enumerate(parts))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{body}END:VCALENDAR\n"


def test_a_week_takes_lunch_breaks_nights_and_midnight(app, admin, made):
    week = CLOSED | {"day_0": "9-12, 13:00–16.30", "day_4": "22–2", "day_6": "0-24"}
    assert send(admin, address(made, "/week"), week).status_code == 303
    weekly = hours_of(app, made).spec.weekly
    assert weekly[0] == ((540, 720), (780, 990))
    assert weekly[4] == ((1320, 1560),)
    assert weekly[6] == ((0, 1440),)
    assert "13:00–16:30" in admin.get(address(made, "")).text


def test_hours_that_cannot_be_are_named_at_their_day(app, admin, made):
    where = address(made, "/week")
    unreadable = send(admin, where, CLOSED | {"day_2": "from nine"})
    assert unreadable.status_code == 422
    assert 'href="#day_2"' in unreadable.text
    assert 'value="from nine"' in unreadable.text
    overlapping = send(admin, where, CLOSED | {"day_3": "9-12, 11-16"})
    assert overlapping.status_code == 422
    assert "Two opening times overlap." in overlapping.text
    assert hours_of(app, made).spec.weekly[2] == ((0, 1440),)


def test_the_second_of_two_administrators_sees_what_the_first_saved(app, admin, made):
    where = address(made, "/week")
    seen = hidden(admin.get(where), "version")
    assert send(admin, where, CLOSED | {"day_0": "9-12"}, version=seen).status_code == 303
    late = send(admin, where, CLOSED | {"day_0": "9-15"}, version=seen)
    assert late.status_code == 422
    assert "Somebody saved other opening hours meanwhile." in late.text
    assert "Saved now: 09:00–12:00" in late.text
    assert 'value="9-15"' in late.text
    assert hours_of(app, made).spec.weekly[0] == ((540, 720),)
    again = send(admin, where, CLOSED | {"day_0": "9-15"}, version=hidden(late, "version"))
    assert again.status_code == 303
    assert hours_of(app, made).spec.weekly[0] == ((540, 900),)


@pytest.mark.parametrize("version", ["0", "", "-1", "one", "99999999999", "²"])
def test_a_version_that_never_was_changes_nothing(app, admin, made, version):
    before = hours_of(app, made).number
    answer = send(admin, address(made, "/week"), CLOSED, version=version)
    assert answer.status_code == 422
    assert hours_of(app, made).number == before


def test_a_day_and_its_removal_are_refused_on_an_old_version(app, admin, made):
    where = address(made, "/days")
    seen = hidden(admin.get(where), "version")
    first, second = dt.date(2031, 5, 5), dt.date(2031, 5, 6)
    assert send(admin, where, {"on": f"{first}", "hours": "9-12"}).status_code == 303
    late = send(admin, where, {"on": f"{second}", "hours": ""}, version=seen)
    assert late.status_code == 422
    assert "Somebody saved other opening hours meanwhile." in late.text
    gone = send(admin, f"{where}/remove", {"on": f"{first}"}, version=seen, page=where)
    assert gone.status_code == 303
    assert "Somebody saved other opening hours meanwhile." in admin.get(where).text
    exceptions = hours_of(app, made).spec.exceptions
    assert exceptions[first] == ((540, 720),)
    assert second not in exceptions
    assert send(admin, f"{where}/remove", {"on": f"{first}"}, page=where).status_code == 303
    assert first not in hours_of(app, made).spec.exceptions


def test_holidays_are_frozen_and_a_day_set_by_hand_stays(app, admin, made):
    where = address(made, "/days")
    christmas = dt.date(2031, 12, 24)
    half = {"on": f"{christmas}", "hours": "9-12", "note": "Half a day"}
    assert send(admin, where, half).status_code == 303
    holidays = {"country": "FI", "year": "2031"}
    assert send(admin, f"{where}/holidays", holidays, page=where).status_code == 303
    hours = hours_of(app, made)
    assert hours.spec.exceptions[christmas] == ((540, 720),)
    assert hours.spec.exceptions[dt.date(2031, 12, 6)] == ()
    assert hours.notes["2031-12-06"] == "Itsenäisyyspäivä"
    assert "Half a day" in admin.get(where).text
    wrong = send(admin, f"{where}/holidays", {"country": "FI", "year": "1"}, page=where)
    assert wrong.status_code == 422


def test_a_calendar_for_business_days_is_made_once_and_named(app, admin, made):
    where = f"/o/{made.slug}/staff/calendars/new"
    given = {"name": "Business days", "time_zone": "Europe/Helsinki", "pattern": "days"}
    answer = post(admin, where, given)
    assert answer.status_code == 303
    calendar_id = answer.location.rsplit("/", 1)[1]
    assert hours_of(app, made, calendar_id).spec.weekly == (*((((0, 1440),),) * 5), (), ())
    listed = admin.get(f"/o/{made.slug}/staff/calendars").text
    assert "business-days" in listed
    assert "Branch 1" in listed
    again = post(admin, where, given)
    assert again.status_code == 422
    assert "is in use already" in again.text


def test_a_file_is_looked_at_first_and_then_one_version(app, admin, made):
    assert send(admin, address(made, "/week"),
                {f"day_{n}": "9-17" for n in range(7)}).status_code == 303  # fmt: skip
    before = hours_of(app, made)
    monday = dt.date(before.created_at.year + 1, 5, 5)
    looked = upload(admin, address(made, "/file"), events(
        f"DTSTART;VALUE=DATE:{monday:%Y%m%d}\nSUMMARY:<b>Spring</b> & sun",
        f"DTSTART:{monday + dt.timedelta(days=1):%Y%m%d}T120000\nDURATION:PT1H\nSUMMARY:Training",
        f"DTSTART;VALUE=DATE:{monday:%Y%m%d}\nTRANSP:TRANSPARENT",
    ))  # fmt: skip
    assert looked.status_code == 200
    assert "09:00–12:00, 13:00–17:00" in looked.text
    assert "Left out: Marked as free time, not as busy" in looked.text
    assert hours_of(app, made).number == before.number
    fields = {name: hidden(looked, name) for name in ("version", "changes")}
    page = address(made, "/file")
    assert post(admin, f"{page}/apply", fields, page=page).status_code == 303
    after = hours_of(app, made)
    assert after.number == before.number + 1
    assert after.spec.exceptions[monday] == ()
    assert after.spec.exceptions[monday + dt.timedelta(days=1)] == ((540, 720), (780, 1020))
    assert after.notes[monday.isoformat()] == "<b>Spring</b> & sun"
    assert "2 days were taken over." in admin.get(address(made, "")).text
    twice = post(admin, f"{page}/apply", fields, page=page)
    assert twice.status_code == 303
    assert "Somebody saved other opening hours meanwhile." in admin.get(page).text
    assert hours_of(app, made).number == after.number


def test_a_file_that_changes_nothing_or_cannot_be_read_says_so(app, admin, made):
    page = address(made, "/file")
    nothing = upload(admin, page, events("DTSTART;VALUE=DATE:19990101"))
    assert "Nothing to take over" in nothing.text
    assert "Left out: Only outside these years" in nothing.text
    broken = upload(admin, page, events("DTSTART:soon"))
    assert broken.status_code == 422
    assert "Line 6, DTSTART: “soon” is not understood." in broken.text
    assert post(admin, page, {}).status_code == 422
    many = [f"DTSTART:20260504T{n // 60:02d}{n % 60:02d}00\nDURATION:PT10M" for n in
            range(0, 1400, 50)]  # fmt: skip
    assert upload(admin, page, events(*many)).status_code == 422
    long = events(f"DTSTART;VALUE=DATE:20250101\nRRULE:FREQ=DAILY\nSUMMARY:{'ä' * 80}")
    refused = upload(admin, page, long)
    assert refused.status_code == 422
    assert "Give fewer years." in refused.text
    assert hours_of(app, made).number == 2


@pytest.mark.parametrize(
    "changes", ["", "no", "[1]", '[["2026-13-01",[],""]]', '[["2026-05-04",[["9","x"]],""]]',
                '[["2026-05-04",[["12:00","11:00"]],""]]', "[" * 10000]
)  # fmt: skip
def test_a_preview_that_was_tampered_with_changes_nothing(app, admin, made, changes):
    before = hours_of(app, made).number
    page = address(made, "/file")
    fields = {"version": str(before), "changes": changes}
    assert post(admin, f"{page}/apply", fields, page=page).status_code == 303
    assert "were taken over" not in admin.get(page).text
    assert hours_of(app, made).number == before


def test_versions_show_who_changed_what_the_newest_first(app, admin, made):
    send(admin, address(made, "/week"), CLOSED | {"day_0": "9-12"})
    send(admin, address(made, "/days"), {"on": "2031-05-05", "hours": "10-11", "note": "Inventory"})
    page = admin.get(address(made, "/versions")).text
    assert page.index("Version 4") < page.index("Version 3") < page.index("Version 1<")
    newest = page[page.index("Version 4") : page.index("Version 3")]
    assert "As in every week" in newest
    assert "10:00–11:00" in newest
    assert "Inventory" in newest
    assert "Administrator" in newest
    for number in range(25):
        send(admin, address(made, "/week"), CLOSED | {"day_0": f"9-{10 + number % 5}"})
    first_page = admin.get(address(made, "/versions")).text
    older = re.search(r'href="([^"]*below=\d+)"', first_page)[1]
    assert "How the calendar began." in admin.get(html.unescape(older)).text
    assert "How the calendar began." not in first_page
    assert admin.get(address(made, "/versions") + "?below=x").status_code == 200


def test_calendars_are_for_administrators_and_for_their_own_organisation(app, client, made):
    with app.app_context():
        other = make_organisation()
    sign_in(client, made, Role.MANAGER)
    assert client.get(address(made, "")).status_code == 403
    sign_in(client, made, Role.ADMINISTRATOR)
    for tail in ("", "/week", "/days", "/file", "/versions"):
        path = address(made, tail, other.branch.calendar_id)
        assert client.get(path).status_code == 404
