"""The promise editor, as a manager sees it: answers, sentences, trials, documents, publication."""

import json
import re

import pytest

from promises.catalogue.draft_queries import get_draft
from promises.catalogue.queries import list_promises, list_versions
from promises.catalogue.templates.library import templates
from promises.desk.models import EventSource
from promises.desk.values import NewTicket
from promises.flows.take_number import take_number
from promises.kernel.actors import Role
from promises.rules.terms import GuaranteeTerms
from tests.factories.identity import make_organisation
from tests.web.catalogue import day, publish_draft, revision, send_draft, version_answers
from tests.web.staff import csrf_token, post, sign_in

C2 = "complaint-2-business-days"
COMPLAINT = {
    "b_limit": "2",
    "b_amount": "10",
    "b_calendar": "branch",
    "b_cut_off": "16:00",
    "matters": "complaint",
    "cap_period": "month",
    "title_en": "Complaints answered in 2 business days",
    "way_of_working": "Somebody looks at the list every morning.",
    "starts": "now",
}


@pytest.fixture(scope="module")
def made(app):
    with app.app_context():
        return make_organisation(kinds=("A", "B"))


@pytest.fixture
def manager(client, made):
    sign_in(client, made, Role.MANAGER)
    return client


def base(made):
    return f"/o/{made.slug}/staff/editor"


def start(client, made, template):
    """A draft from the template; the address of its page."""
    answer = post(client, base(made), {"template": template})
    assert answer.status_code == 303
    return answer.location


def stored(app, made, page):
    with app.app_context(), made.work(None) as uow:
        return get_draft(uow.session, organisation_id=made.id, draft_id=page.rsplit("/", 1)[1])


def update(client, page, answers):
    """Keep the answers, as each change of a field does."""
    sent = answers | {"revision": revision(client, page), "step": "update"}
    return post(client, page, sent)


def newest(app, made):
    with app.app_context(), made.work(None) as uow:
        found = list_promises(uow.session, organisation_id=made.id, at=uow.now)
        return max(found, key=lambda one: one.version.published_at)


def plain(response):
    return re.sub(r"\s+", " ", response.text.replace("\xa0", " "))


def test_gallery_shows_every_template_with_its_source_and_finds_by_words(manager, made):
    text = manager.get(base(made)).text
    for one in templates():
        assert one.source.publisher in text, one.slug
    assert text.count("Start with this") == 20
    found = manager.get(f"{base(made)}?q=WATER+england").text
    assert 3 <= found.count("Start with this") < 10
    assert "No template has these words" in manager.get(f"{base(made)}?q=zebra").text


def test_every_template_opens_on_every_page_in_every_language(manager, made):
    for n, one in enumerate(templates()):
        page = start(manager, made, one.slug)
        lang = ("fi", "sv", "en")[n % 3]
        for rest in ("", "/try", "/document", "/check"):
            assert manager.get(f"{page}{rest}?lang={lang}").status_code == 200, (one.slug, rest)


@pytest.mark.parametrize("one", templates(), ids=lambda one: one.slug)
def test_form_of_a_template_sent_as_it_stands_changes_nothing(app, manager, made, one):
    page = start(manager, made, one.slug)
    before = stored(app, made, page)
    assert update(manager, page, typed(manager.get(page).text)).status_code == 303
    after = stored(app, made, page)
    assert (after.terms, after.answers | {"targets": []}) == (
        before.terms,
        after.answers | before.answers | {"targets": []},
    )


def typed(text):
    """What a browser would send of the draft's form."""
    form = text[text.index('id="draft"') : text.index("</form>", text.index('id="draft"'))]
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf'{key}="([^"]*)"', tag) for key in ("name", "value"))
        if name and ("checkbox" not in tag and "radio" not in tag or "checked" in tag):
            sent[name[1]] = value[1] if value else ""
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', body)
        sent[name] = chosen[1] if chosen else ""
    for name, body in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S):
        sent[name] = body.strip()
    return {key: value for key, value in sent.items() if key not in ("csrf_token", "revision")}


def test_answers_are_kept_and_the_sentence_follows_in_three_languages(app, manager, made):
    page = start(manager, made, "served-15-minutes")
    answers = typed(manager.get(page).text) | {"limit": "20", "amount": "15"}
    assert update(manager, page, answers).status_code == 303
    shown = plain(manager.get(page))
    assert "Palvelemme sinua 20 min kuluessa, tai maksamme sinulle 15 €." in shown
    assert "Vi betjänar dig inom 20 min, annars betalar vi dig 15 €." in shown
    assert "We serve you within 20 min, or we pay you €15." in shown
    row = stored(app, made, page)
    assert row.terms["limit"]["seconds"] == 1200
    assert row.answers["title_en"] == "Served within 20 minutes, or €15"


def test_title_of_ones_own_does_not_follow(app, manager, made):
    page = start(manager, made, "served-15-minutes")
    answers = typed(manager.get(page).text) | {"limit": "20", "title_en": "No queue"}
    update(manager, page, answers)
    row = stored(app, made, page)
    assert row.answers["title_en"] == "No queue"
    assert row.answers["title_fi"].startswith("Palvelemme 20 minuutissa")


def test_answer_that_cannot_be_read_is_told_and_nothing_is_kept(app, manager, made):
    page = start(manager, made, C2)
    before = stored(app, made, page)
    sent = update(manager, page, COMPLAINT | {"b_limit": "soon", "b_calendar": "moon"})
    assert sent.status_code == 422
    assert "Within how long: Give a whole number." in plain(sent)
    assert 'value="soon"' in sent.text
    assert stored(app, made, page) == before


def test_refusal_of_the_terms_stands_at_the_field_of_the_blank(manager, made):
    page = start(manager, made, "rail-delay")
    answers = typed(manager.get(page).text) | {"b_limit": "90", "b_second_limit": "80"}
    sent = update(manager, page, answers)
    assert sent.status_code == 422
    assert "This tier begins after it ends." in sent.text


def test_two_managers_at_once_do_not_overwrite_each_other(app, manager, made):
    page = start(manager, made, C2)
    seen = revision(manager, page)
    with app.app_context(), made.work(None) as uow:  # a colleague's change
        uow.session.connection().exec_driver_sql(
            "UPDATE drafts SET changed_by = %s, revision = revision + 1 WHERE id = %s",
            (made.members[Role.ADMINISTRATOR], page.rsplit("/", 1)[1]),
        )
    before = stored(app, made, page)
    sent = post(manager, page, COMPLAINT | {"b_limit": "5", "revision": seen, "step": "update"})
    assert sent.status_code == 409
    assert "while you were at it" in sent.text
    assert 'name="b_limit"' in sent.text and 'value="5"' in sent.text
    assert stored(app, made, page) == before
    again = post(manager, page, COMPLAINT | {
        "b_limit": "5", "revision": str(before.revision), "step": "update",
    })  # fmt: skip
    assert again.status_code == 303


def test_general_template_is_published_and_its_next_version_keeps_its_blanks(app, manager, made):
    page = start(manager, made, C2)
    assert publish_draft(manager, page, COMPLAINT | {"b_limit": "3"}).status_code == 303
    info = newest(app, made)
    assert isinstance(info.version.terms, GuaranteeTerms)
    assert info.version.terms.guarantee.document["deadlines"]["answer_before"]["add"] == 3
    assert stored(app, made, page).state == "published"
    assert manager.get(page).status_code == 409

    shown = f"/o/{made.slug}/staff/promises/{info.slug}"
    draft = post(manager, f"{shown}/draft", page=shown).location
    assert 'name="b_limit"' in manager.get(draft).text
    checked = plain(send_draft(manager, draft, COMPLAINT | {"b_limit": "4", "b_cut_off": ""}))
    assert "<dt>Within how long</dt><dd><del>3 working days</del> → <ins>4 working days" in checked
    assert "next open day</dt><dd><del>16:00</del> → <ins>nothing</ins>" in checked
    longer = COMPLAINT | {"b_limit": "4"}
    refused = publish_draft(manager, draft, longer, reason_en="We are fewer people.")
    assert refused.status_code == 422
    assert "announced at least 24 hours before" in refused.text
    announced = longer | {"starts": "later", "starts_on": day(3)}
    refused = publish_draft(manager, draft, announced)
    assert refused.status_code == 422
    assert "Say publicly why customers get less than before." in refused.text
    said = {"reason_en": "We are fewer people."}
    assert publish_draft(manager, draft, announced, **said).status_code == 303
    with app.app_context(), made.work(None) as uow:
        versions = list_versions(uow.session, organisation_id=made.id, promise_id=info.promise_id)
    assert len(versions) == 2
    assert "<del>3 working days</del>" in plain(manager.get(shown))


def test_document_is_refused_by_place_and_kept_when_it_is_right(app, manager, made):
    page = start(manager, made, C2)
    before = stored(app, made, page)
    where = f"{page}/document"
    wrong = json.loads(json.dumps(before.terms))
    wrong["deadlines"]["answer_before"]["unit"] = "fortnight"
    wrong["broken_when"] = {"late": {"event": "nobody", "deadline": "answer_before"}}
    for text, reason in (
        (json.dumps(wrong), "/deadlines/answer_before/unit: This must be one of"),
        (json.dumps(wrong), "/broken_when/late/event: There is no fact or deadline of this name"),
        ("{", "This is no JSON. Look at line 1, column 2."),
        ('{"format": 1, "format": 2}', "The field format stands there twice."),
        ("[" * 100_000, ""),
    ):
        sent = post(manager, where, {"terms": text, "revision": revision(manager, where)})
        assert sent.status_code == 422
        assert reason in plain(sent).replace("&#39;", "'")
    assert stored(app, made, page) == before
    right = before.terms | {"amount": {"largest": [700, 900]}}
    sent = post(manager, where, {"terms": json.dumps(right), "revision": revision(manager, where)})
    assert sent.status_code == 303
    assert stored(app, made, page).terms["amount"] == {"largest": [700, 900]}
    shown = manager.get(page).text
    assert 'name="b_amount"' not in shown and 'name="b_limit"' in shown
    assert "What this promise answers by itself" not in shown


def test_document_with_a_calendar_that_nobody_has_is_refused(app, manager, made):
    page = start(manager, made, C2)
    before = stored(app, made, page)
    wrong = json.loads(json.dumps(before.terms))
    wrong["deadlines"]["answer_before"]["calendar"] = "the-moon"
    where = f"{page}/document"
    sent = post(manager, where, {
        "terms": json.dumps(wrong), "revision": revision(manager, where),
    })  # fmt: skip
    assert sent.status_code == 422
    assert "You keep no calendar called the-moon." in sent.text
    assert stored(app, made, page) == before


@pytest.mark.parametrize(("kind", "format_"), [("short", 1), ("general", 2), ("nonsense", 1)])
def test_draft_from_nothing_asks_for_what_is_missing(app, manager, made, kind, format_):
    page = start(manager, made, kind)
    row = stored(app, made, page)
    assert (row.terms["format"], row.template) == (format_, None)
    answers = version_answers(title_fi="", title_en="", way_of_working="")
    checked = send_draft(manager, page, answers | {"matters": "request"})
    assert checked.status_code == 422
    assert "Give the title in at least one language." in checked.text
    assert update(manager, page, answers | {"matters": "request"}).status_code == 303


def test_typed_case_is_judged_on_local_clocks(manager, made):
    page = f"{start(manager, made, 'served-15-minutes')}/try"
    told = {"what": "typed", "f_arrived_at": "27.3.2026 15:50"}
    kept = plain(post(manager, page, told | {"f_service_started_at": "16:05"}))
    assert "Kept" in kept and "27 Mar 2026" in kept
    late = plain(post(manager, page, told | {"f_service_started_at": "16:05:01"}))
    assert "Broken" in late and "€10.00 is owed." in late
    waiting = plain(post(manager, page, told))
    assert "Still open" in waiting
    assert "If nothing more happens, it is broken then: €10.00 is owed." in waiting


def test_typed_times_go_by_the_clock_change_and_by_weekdays(manager, made):
    page = f"{start(manager, made, 'outage-tiers')}/try"
    night = {"what": "typed", "f_arrived_at": "28.3.2026 20:00", "f_annual_fee_minor": "300"}
    eleven = plain(post(manager, page, night | {"f_restored_at": "Sun 8:00"}))
    assert "Kept" in eleven
    twelve = plain(post(manager, page, night | {"f_restored_at": "su klo 9.00"}))
    assert "€30.00 is owed." in twelve
    skipped = post(manager, page, night | {"f_restored_at": "Sun 3:30"})
    assert skipped.status_code == 422
    assert "The clocks skip this time on that day." in skipped.text


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({}, "Tell at least when it begins."),
        ({"f_arrived_at": "yesterday-ish"}, "Give a day and a time"),
        ({"f_arrived_at": "31.2. 9:00"}, "Give a day and a time"),
        ({"f_arrived_at": "Fri 9:00", "f_annual_fee_minor": "much"}, "This must be a whole number"),
    ],
)
def test_case_that_cannot_be_read_is_told_at_its_field(manager, made, answers, reason):
    page = f"{start(manager, made, 'outage-tiers')}/try"
    sent = post(manager, page, {"what": "typed"} | answers)
    assert sent.status_code == 422
    assert reason in sent.text


def test_recurring_promise_answers_for_each_deadline(manager, made):
    page = f"{start(manager, made, 'weekly-word')}/try"
    sent = plain(post(manager, page, {
        "what": "typed", "f_arrived_at": "2.3.2026 12:00", "f_told": "6.3. 9:00",
        "it_is_now": "20.3. 9:00",
    }))  # fmt: skip
    assert "Deadline 1: " in sent and "Deadline 2: " in sent
    assert sent.count("€5.00 is owed.") >= 1


def test_real_ticket_is_tried_by_its_number(app, manager, made):
    with app.app_context(), made.work() as uow:
        request = NewTicket(
            branch_id=made.branch_id, service_kind_id=made.kind_id, source=EventSource.KIOSK
        )
        ticket = take_number(uow, request=request)
    page = f"{start(manager, made, 'served-15-minutes')}/try"
    asked = {"what": "ticket", "branch": str(made.branch_id)}
    found = post(manager, page, asked | {"ticket": ticket.label})
    assert found.status_code == 200
    assert "Still open" in found.text
    missing = post(manager, page, asked | {"ticket": "Z999"})
    assert missing.status_code == 422
    assert "No ticket of that day has this number." in missing.text


def test_dropped_draft_is_out_of_the_way_but_not_deleted(app, manager, made):
    page = start(manager, made, C2)
    assert page in manager.get(base(made)).text
    stale = post(manager, f"{page}/drop", {"revision": "99"}, page=page)
    assert stale.status_code == 303
    assert stored(app, made, page).state == "open"
    post(manager, f"{page}/drop", {"revision": revision(manager, page)}, page=page)
    assert stored(app, made, page).state == "dropped"
    assert page not in manager.get(base(made)).text
    assert manager.get(page).status_code == 409


@pytest.mark.parametrize("role", [Role.CLERK, Role.ACCOUNTANT, Role.ADMINISTRATOR])
def test_only_managers_edit(app, client, made, role):
    sign_in(client, made, Role.MANAGER)
    page = start(client, made, C2)
    before = stored(app, made, page)
    sign_in(client, made, role)
    token = csrf_token(client, f"/o/{made.slug}/staff/account")
    for rest in ("", "/check", "/document", "/try"):
        assert client.get(f"{page}{rest}").status_code == 403
        answer = client.post(f"{page}{rest}", data=COMPLAINT | {"csrf_token": token})
        assert answer.status_code == 403
    assert "New promise" not in client.get(f"/o/{made.slug}/staff/promises").text
    assert stored(app, made, page) == before
