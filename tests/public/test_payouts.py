"""The customer chooses how the money comes, as a browser without JavaScript does."""

import pytest

from promises.kernel.actors import Role
from promises.payouts.rails.base import Outcome, RailVerdict
from promises.payouts.rails.names import SEPA, STRIPE_REFUND
from promises.payouts.rails.voucher import VOUCHER
from tests.factories.identity import make_organisation
from tests.flows.choosing import IBAN, ChoosingWorld
from tests.flows.ground import World
from tests.parts import check_page, form_fields
from tests.web.staff import sign_in

pytestmark = pytest.mark.usefixtures("as_application")
MAIL = "anna@example.fi"
NAME = "Väinö Öljymäki"
OTHER_IBAN = "DE89 3704 0044 0532 0130 00"


@pytest.fixture(scope="module")
def world(app):
    with app.app_context():
        return ChoosingWorld()


class Visitor:
    """Somebody with the link of one ticket."""

    def __init__(self, client, world, ticket):
        self.client, self.world, self.ticket = client, world, ticket
        self.base = f"/o/{world.made.slug}/t/{ticket.public_code}"

    def get(self, path="", **query):
        with self.world.at(self.world.now):
            return self.client.get(self.base + path, query_string=query)

    def post(self, path, page=None, **data):
        shown = self.get(path if page is None else page).text
        with self.world.at(self.world.now):
            token = form_fields(shown, self.base + path)["csrf_token"]
            return self.client.post(self.base + path, data={"csrf_token": token} | data)

    def reads(self, path="", **query):
        return check_page(self.get(path, **query)).text

    def last_payout(self):
        row = self.world.rows(
            "SELECT y.rail, y.state FROM payouts y JOIN compensations k"
            " ON k.id = y.compensation_id WHERE k.ticket_id = %(t)s ORDER BY y.created_at, y.id",
            t=self.ticket.ticket_id,
        )[-1]
        return row.rail, row.state


def test_customer_chooses_a_transfer_and_confirms_it_by_the_link(client, world):
    visitor = Visitor(client, world, world.vouchered(contact=MAIL))
    assert "Choose how you get it" in visitor.reads()
    assert "Bank transfer" in visitor.reads("/pay")
    answer = visitor.post("/pay", rail=SEPA, iban=IBAN, holder=NAME)
    assert (answer.status_code, answer.headers["Location"]) == (303, visitor.base)
    page = visitor.reads()
    assert "We sent you a link" in page
    assert "ending in 0785" in page
    assert "It waits until you open the link" in page
    for path in ("", "/pay"):
        shown = visitor.get(path).text
        assert "FI21" not in shown
        assert "jymäki" not in shown
    confirm = f"/pay/confirm/{world.token()}"
    assert "The money goes to the account ending in 0785." in visitor.reads(confirm)
    assert visitor.last_payout() == (VOUCHER, "submitted")
    assert visitor.post(confirm).status_code == 303
    assert visitor.last_payout() == (SEPA, "ready")
    page = visitor.reads()
    assert "Bank transfer, account ending in 0785" in page
    assert "It goes with the next file to the bank." in page
    assert "Voucher given up for another way" in page
    assert visitor.get(confirm).status_code == 410


def test_customer_reads_that_somebody_looks_at_the_account_first(client, app):
    with app.app_context():
        strict = ChoosingWorld(approval_threshold_minor=1500)
    for said in ("The money goes to your account.", "Somebody here looks at the details"):
        visitor = Visitor(client, strict, strict.vouchered(contact=MAIL))
        strict.later(minutes=1)
        strict.give(visitor.ticket)
        visitor.post(f"/pay/confirm/{strict.token()}")
        assert said in visitor.reads()
    assert visitor.last_payout() == (VOUCHER, "returned")


def test_account_typed_on_the_customers_page_by_staff_waits_for_a_second_person(app, world):
    ticket, others = world.vouchered(), app.test_client()
    staff = Visitor(app.test_client(), world, ticket)
    with world.at(world.now):
        sign_in(staff.client, world.made, Role.CLERK)
    assert staff.post("/pay", rail=SEPA, iban=IBAN, holder=NAME).status_code == 303
    debt = world.rows(
        "SELECT k.state, k.holds FROM compensations k WHERE k.ticket_id = %(t)s", t=ticket.ticket_id
    )[0]
    assert (debt.state, debt.holds) == ("owed", ["approval"])
    by = world.rows(
        "SELECT actor_kind, actor_id FROM audit_records WHERE action = 'bank_details_given'"
        " AND object_id = %(t)s",
        t=ticket.ticket_id,
    )
    assert [(row.actor_kind, row.actor_id) for row in by] == [
        ("member", world.made.members[Role.CLERK])
    ]

    customers = world.vouchered()
    with app.app_context():
        stranger = make_organisation()
    with world.at(world.now):
        sign_in(others, stranger, Role.CLERK)  # staff of somebody else is a customer here
    visitor = Visitor(others, world, customers)
    assert visitor.post("/pay", rail=SEPA, iban=OTHER_IBAN, holder=NAME).status_code == 303
    assert visitor.last_payout() == (VOUCHER, "submitted")


def test_wrong_details_are_named_and_nothing_is_kept(client, world):
    visitor = Visitor(client, world, world.vouchered())
    before = world.rows("SELECT count(*) AS n FROM payout_destinations")
    for iban, holder, words in (
        ("FI2112345600000786", NAME, "One of the characters is not right."),
        ("FI21123456000007851", NAME, "has 19 characters; one from FI has 18"),
        ("RU0204452560040702810412345678901", NAME, "outside the euro payments area"),
        ("", NAME, "This is missing."),
        (IBAN, "", "This is missing."),
        (IBAN, "12", "as your bank knows it"),
    ):
        answer = visitor.post("/pay", rail=SEPA, iban=iban, holder=holder)
        assert answer.status_code == 422
        assert words in check_page(answer).text
    assert world.rows("SELECT count(*) AS n FROM payout_destinations") == before
    assert visitor.last_payout() == (VOUCHER, "submitted")


def test_mistyped_account_is_named_at_once_where_the_holder_is_missing_too(client, world):
    visitor = Visitor(client, world, world.vouchered(contact=MAIL))
    assert "10.00 is yours" in visitor.reads("/pay")
    page = visitor.post("/pay", rail=SEPA, iban="FI21 1234 5600 0007 86", holder="")
    assert page.status_code == 422
    assert page.text.count("One of the characters is not right") == 2  # above and at the field
    assert page.text.count("This is missing.") == 2
    assert visitor.last_payout() == (VOUCHER, "submitted")


def test_card_that_is_gone_is_told_with_what_comes_next(client, world):
    visitor = Visitor(client, world, world.vouchered(by_card=True))
    page = visitor.reads()
    assert "The card that you paid with is no longer in use" in page
    assert "If you choose nothing by" in page
    choices = visitor.reads("/pay")
    assert "Back to the card you paid with" not in choices
    answer = visitor.post("/pay", rail=STRIPE_REFUND)
    assert answer.status_code == 409
    assert "cannot go that way now" in check_page(answer).text
    assert visitor.last_payout() == (STRIPE_REFUND, "failed")
    assert visitor.post("/pay", rail=VOUCHER).status_code == 303
    assert visitor.last_payout() == (VOUCHER, "ready")


@pytest.mark.parametrize(
    ("lang", "words"),
    [("fi", "Miten haluat rahasi?"), ("sv", "Hur vill du få dina pengar?")],
)
def test_choice_speaks_the_customers_language(client, world, lang, words):
    visitor = Visitor(client, world, world.vouchered())
    assert words in visitor.reads("/pay", lang=lang)


def test_story_of_a_refund_has_its_dates(client, world):
    world.card.outcome = Outcome(RailVerdict.PAID, provider_ref="re_9")
    visitor = Visitor(client, world, world.vouchered(by_card=True))
    page = visitor.reads()
    for words in ("Earned", "Approved", "Sent", "Arrived", "Back to the card you paid with"):
        assert words in page
    assert "Choose how you get it" not in page
    assert "There is nothing to choose now." in visitor.reads("/pay")


def test_pages_of_another_organisation_and_unknown_links_are_not_there(client, world):
    visitor = Visitor(client, world, world.vouchered(contact=MAIL))
    visitor.post("/pay", rail=SEPA, iban=IBAN, holder=NAME)
    token = world.token()
    other = World()
    foreign = Visitor(client, other, visitor.ticket)
    wrong = "A" * 22 + "." + "B" * 30
    assert visitor.get(f"/pay/confirm/{wrong}").status_code == 410
    assert foreign.get("/pay").status_code == 404
    assert foreign.get(f"/pay/confirm/{token}").status_code == 404
    csrf = form_fields(visitor.get("/pay").text, f"{visitor.base}/pay")["csrf_token"]
    for path in ("/pay", f"/pay/confirm/{token}"):
        answer = client.post(foreign.base + path, data={"csrf_token": csrf, "rail": VOUCHER})
        assert answer.status_code == 404
    assert visitor.last_payout() == (VOUCHER, "submitted")
