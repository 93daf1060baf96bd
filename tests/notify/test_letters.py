import datetime as dt

import pytest

from promises.flows.tell_factor_changes import FactorChange
from promises.kernel.text import LOCALES
from promises.notify.letter_parts import Facts
from promises.notify.letters import compose_email, compose_text
from promises.notify.models import MessageKind

LINK = "https://promises.example/o/bank/t/abcdef"


def facts(kind, locale="en", **words):
    return Facts(
        **{
            "kind": kind,
            "locale": locale,
            "organisation": "Savings Bank",
            "zone": "Europe/Helsinki",
            "link": LINK,
            "branch": "Centre",
            "label": "A042",
            "name": "Maija",
            "matter": "complaint" if kind.startswith("matter_") else "visit",
        }
        | words
    )


BROKEN = {"titles": {"fi": "Palvelu 15 minuutissa", "en": "Served within 15 minutes"}}

NEWS = {
    "kind": "pause", "titles": BROKEN["titles"], "number": None, "branch": "Centre",
    "from_at": "2026-03-06T13:00:00+00:00", "until_at": None, "texts": {"en": "No power."},
    "month_on": None, "counts": [0, 0, 0],
}  # fmt: skip
ALERT = {
    "alert": "burn", "level": "page", "window": "hour", "broken": 9, "cases": 30,
    "promise": "Served within 15 minutes", "branch": "Centre",
}  # fmt: skip
NOTICE = {
    "sentences": {"en": "We serve you within 15 min."}, "way": "A second counter opens.",
    "notice": "From Monday on.", "from_at": "2026-03-06T13:00:00+00:00",
}  # fmt: skip
MONEY = {"amount_minor": 1000, "currency": "EUR", "expires_at": "2029-03-06T22:30:00+00:00"}
CEILING = {
    "where": "", "period": "week", "reaction": "wait", "waiting_minor": 12_300,
    "currency": "EUR", "next_on": "2026-03-09",
}  # fmt: skip
FURTHER = {
    MessageKind.FOLLOWED_NEWS: {"items": [NEWS]},
    MessageKind.PROPOSAL_NEWS: {"what": "mentioned"},
    MessageKind.PROMISE_NOTICE: NOTICE,
    MessageKind.PROMISE_ALERT: ALERT,
    MessageKind.ACTION_DUE: {"due_on": "2026-03-06"},
    MessageKind.MONEY_INCIDENT: {"incident": "rail_paused"},
    MessageKind.CEILING_FULL: CEILING,
    MessageKind.MONEY_NEWS: MONEY | {"what": "failed", "rail": "sepa", "trouble": "card_gone"},
    MessageKind.VOUCHER_DUE: MONEY,
    MessageKind.VOUCHER_ENDED: MONEY,
    MessageKind.REVIEW_DUE: {"promises": 2, "due_on": "2026-03-06"},
    MessageKind.FACTOR_CHANGED: {"change": "reset"},
}
"""What letters of a kind speak of besides."""

DATES = {"promised_at": "2026-03-06T13:00:00+00:00", "due_at": "2026-03-04T10:00:00+00:00"}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_letter_stands_in_every_language_with_one_link(kind, locale):
    params = {"amount_minor": 1000, "currency": "EUR", **BROKEN, **DATES, **FURTHER.get(kind, {})}
    subject, body = compose_email(facts(kind, locale, params=params))
    text = compose_text(facts(kind, locale, params=params))
    assert subject
    assert "\n" not in subject
    assert body.count(LINK) == text.count(LINK) == 1
    assert "%(" not in subject + body + text
    assert len(text) - len(LINK) < 120


def test_the_turn_says_number_counter_and_branch():
    subject, body = compose_email(facts(MessageKind.YOUR_TURN, params={"counter": "3"}))
    assert subject == "It is your turn: A042"
    assert "Number A042: come to counter 3 at Centre." in body


def test_the_turn_without_a_counter_names_the_desk():
    _, body = compose_email(facts(MessageKind.YOUR_TURN, params={"counter": None}))
    assert "come to the desk at Centre" in body


@pytest.mark.parametrize(
    ("ahead", "said"),
    [(0, "You are next at Centre."), (1, "1 customer is ahead"), (2, "2 customers are ahead")],
)
def test_a_near_turn_says_how_many_are_ahead(ahead, said):
    assert said in compose_email(facts(MessageKind.TURN_NEAR, params={"ahead": ahead}))[1]


def test_a_broken_promise_names_the_promise_and_the_amount():
    params = {"amount_minor": 1000, "currency": "EUR", **BROKEN}
    subject, body = compose_email(facts(MessageKind.PROMISE_BROKEN, params=params))
    assert subject == "We broke our promise: €10 is yours"
    assert "We promised: Served within 15 minutes." in body
    assert "You need not ask for it" in body


def test_a_broken_promise_that_owes_nothing_promises_no_money():
    params = {"amount_minor": 0, "currency": None, **BROKEN}
    subject, body = compose_email(facts(MessageKind.PROMISE_BROKEN, params=params))
    assert subject == "We broke our promise"
    assert "is yours" not in body


def test_a_title_missing_in_the_language_shows_in_another():
    params = {"amount_minor": 0, "currency": None, **BROKEN}
    assert "Palvelu 15" in compose_email(facts(MessageKind.PROMISE_BROKEN, "sv", params=params))[1]


def test_an_invitation_says_until_when_its_link_works_on_local_clocks():
    until = dt.datetime(2026, 1, 7, 22, 30, tzinfo=dt.UTC)
    _, body = compose_email(facts(MessageKind.INVITATION, expires_at=until))
    assert "8 Jan 2026" in body
    assert "00:30" in body


@pytest.mark.parametrize("matter", ["complaint", "callback", "request", "application"])
@pytest.mark.parametrize("kind", [one for one in MessageKind if one.startswith("matter_")])
def test_each_kind_of_matter_has_its_letters(kind, matter):
    subject, body = compose_email(facts(kind, matter=matter, params=DATES))
    assert subject
    assert "number" not in body.replace("telephone number", "")


def test_a_promised_date_outweighs_the_deadline_of_the_terms():
    received = compose_email(facts(MessageKind.MATTER_RECEIVED, params=DATES))[1]
    assert "by 6 Mar 2026, 15:00" in received
    plain = compose_email(facts(MessageKind.MATTER_RECEIVED, params={"due_at": DATES["due_at"]}))[1]
    assert "by 4 Mar 2026, 12:00" in plain
    assert "hear from us" not in compose_email(facts(MessageKind.MATTER_TOLD))[1]


def test_a_broken_promise_about_a_matter_speaks_of_no_number():
    params = {"amount_minor": 0, "currency": None, **BROKEN}
    body = compose_email(facts(MessageKind.PROMISE_BROKEN, matter="complaint", params=params))[1]
    assert "We are sorry that you had to wait." in body


@pytest.mark.parametrize(
    ("what", "rail", "said"),
    [
        ("sent", "stripe_refund", "back to the card that you paid with"),
        ("sent", "manual", "€10 is on its way to you"),
        ("arrived", "sepa", "€10 has been paid to you"),
        ("came_back", "sepa", "The bank says that this account is closed."),
        ("voucher", "voucher", "so you get a voucher"),
        ("contact_removed", "", "If it was not you, tell the staff at"),
    ],
)
def test_news_of_money_says_what_happened_and_what_comes_next(what, rail, said):
    params = MONEY | {"what": what, "rail": rail, "trouble": "account_closed"}
    subject, body = compose_email(facts(MessageKind.MONEY_NEWS, params=params))
    assert said in subject + body
    assert LINK in body


def test_failed_money_is_told_with_its_reason_and_the_next_step():
    _, body = compose_email(facts(MessageKind.MONEY_NEWS, params=FURTHER[MessageKind.MONEY_NEWS]))
    assert "The card that you paid with is no longer in use" in body
    assert "If you choose nothing within 7 days, we give you a voucher" in body


def test_voucher_is_valid_until_the_day_on_the_clocks_of_the_branch():
    _, body = compose_email(facts(MessageKind.VOUCHER_DUE, params=MONEY))
    assert "Use it by 7 Mar 2029." in body


def test_every_change_of_a_second_step_has_words_of_its_own():
    bodies = {
        compose_email(facts(MessageKind.FACTOR_CHANGED, params={"change": change.value}))[1]
        for change in FactorChange
    }
    assert len(bodies) == len(FactorChange)
    assert all("tell an administrator" in body for body in bodies)
