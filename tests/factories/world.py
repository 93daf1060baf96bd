"""An organisation in which everything exists, made by real flows on a clock that ends now."""

import datetime as dt
from decimal import Decimal

from promises.catalogue.drafts import NewDraft, begin_draft
from promises.catalogue.proposals import ProposalDraft
from promises.catalogue.targets import TargetStep
from promises.catalogue.templates.library import template_of
from promises.compensation.holding import mark_of
from promises.desk.actions import add_partner
from promises.desk.imports.actions import Upload, save_mapping
from promises.desk.models import EventSource, TicketKind
from promises.desk.values import NewMatter, Said
from promises.flows import annul_breach, dispute, redeem_voucher, run_import
from promises.flows.decide_proposal import decline, judge_past, publish
from promises.flows.demo_sign_in import demo_path
from promises.flows.end_promise import end_promise
from promises.flows.follow_ticket import follow
from promises.flows.invite_member import invite
from promises.flows.open_matter import open_matter
from promises.flows.propose_promise import propose
from promises.flows.walk_in import walk_in
from promises.identity.access import NewKey, add_device, enrol_device, issue_api_key
from promises.identity.customers import add_contact, known_customer
from promises.identity.members import NewMember, request_reset
from promises.identity.models import ContactChannel, DeviceKind, Scope
from promises.kernel.actors import Role
from promises.kernel.clock import process_clock
from promises.rules.terms import parse_terms
from tests.desk.imports.ground import SIMPLE
from tests.factories.catalogue import new_version, simple_terms
from tests.factories.identity import make_organisation
from tests.factories.world_parts import PARTS
from tests.flows.ground import World

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
TITLES = {
    "fi": "Palvelemme 15 minuutissa",
    "sv": "Vi betjänar inom 15 minuter",
    "en": "Served within 15 minutes",
}
CALLS = SIMPLE | {"service_kind": {"letter": "C"}}
LOANS = {
    "fi": "Lainapalvelu 5 minuutissa",
    "sv": "Låneärenden inom 5 minuter",
    "en": "Loans within 5 minutes",
}


class FullWorld(World):
    """Two branches, both roles of devices, promises in every state, tickets in every state, money
    at every stage. `ids()` names one thing of each kind by the name of its route parameter."""

    def __init__(self, *, name="Honkaranta Bank", locale="en", promise_slug="served-in-15"):
        self.promise_slug = promise_slug
        self.present = process_clock.now()
        self.now = self.present - 7 * DAY
        with self.at(self.now):
            self.made = make_organisation(
                name="Honkaranta Bank", branches=2, counters=3, kinds=("A", "B", "C"),
                locale=locale, is_demo=True,
            )  # fmt: skip
        self._catalogue()
        self._history()
        self._import()
        self.now = self.present - 60 * MINUTE
        self._late_morning()
        self._mass_breach()
        self._matters()
        self._present()
        self._people_and_devices()
        self.more: dict[str, object] = {}
        self.manager_pages: list[str] = []
        self.clerk_pages: list[str] = []
        self.open_pages: list[str] = []
        for fill in PARTS:
            self.more |= fill(self)

    # --- the catalogue ---

    def _proposals(self):
        """Two that stay undecided; the ids of one to decline and of one to publish."""
        self.proposal_id = self._propose(
            "Loan customers are served within 20 minutes", seconds=1200
        )
        self._propose("Your call is answered within 45 seconds", seconds=45, to="called")
        declined = self._propose("Everybody is served within 2 minutes", seconds=120)
        return declined, self._propose("You are served within 15 minutes, or we pay you 10 €")

    def _catalogue(self):
        way = "A second counter opens when five people wait."
        declined, published = self._proposals()
        with self.work(Role.MANAGER) as uow:
            decline(uow, proposal_id=declined, reason="We cannot keep it with two counters.")
            path = (TargetStep(uow.now.date() - 30 * DAY, Decimal("0.9")),
                    TargetStep(uow.now.date() + 60 * DAY, Decimal("0.975")))  # fmt: skip
            main = new_version(
                uow.now, titles=TITLES, slug=self.promise_slug,
                terms=simple_terms(service_kinds=self.made.kind_ids[:1], budget_month_minor=90_000),
                team_reward="Cake on the Friday after.", target_path=path, way_of_working=way,
            )  # fmt: skip
            self.published = publish(uow, version=main, proposal_id=published, reason="Well said.")
            loans = new_version(
                uow.now, titles=LOANS, slug="loans-in-5",
                terms=simple_terms(service_kinds=self.made.kind_ids[1:2], seconds=300,
                                   amount_minor=3000, approval_threshold_minor=2000),
            )  # fmt: skip
            self.loans = publish(uow, version=loans)
            calls = new_version(
                uow.now, titles={"en": "Calls answered"}, slug="calls",
                valid_from=uow.now - 40 * DAY,
                terms=simple_terms(service_kinds=self.made.kind_ids[2:]),
            )  # fmt: skip
            self.calls = publish(uow, version=calls)
            coffee = new_version(
                uow.now, slug="until-summer", titles={"en": "Coffee while you wait"},
                terms=simple_terms(ticket_kinds=("request",)),
            )  # fmt: skip
            ended = publish(uow, version=coffee)
            publish(uow, version=new_version(
                uow.now, slug="next-year", titles={"en": "Answered the same day"},
                valid_from=self.present + 200 * DAY,
                terms=simple_terms(ticket_kinds=("complaint",)),
            ))  # fmt: skip
            template = template_of("complaint-2-business-days")
            start = NewDraft(
                parse_terms(template.start("EUR", "Europe/Helsinki")),
                {"title_en": "Complaints in two days", "way_of_working": way}, template.slug,
            )  # fmt: skip
            self.draft_id = begin_draft(
                uow.session, organisation_id=self.made.id, actor=uow.actor, now=uow.now, start=start
            ).id
        self.later(hours=1)
        with self.work(Role.MANAGER) as uow:
            end_promise(
                uow, promise_id=ended.promise_id, ends_at=uow.now + DAY,
                reasons={"en": "The machine is broken."},
            )  # fmt: skip

    def _propose(self, title, **terms):
        draft = ProposalDraft(
            title=title, terms=simple_terms(**terms), way_of_working="Two more hands at noon.",
            problem_text="People wait half an hour on paydays.", branch_id=self.made.branch_id,
        )  # fmt: skip
        with self.work() as uow:
            return propose(uow, draft=draft).id

    # --- the days before ---

    def _history(self):
        for days in (5, 4, 3, 2):
            self.now = self.present - days * DAY
            for wait in (3, 8, 11) if days % 2 else (2, 17, 9):
                self._visit(wait)

    def _visit(self, minutes, *, kind=0, counter=0):
        """Taken, served after so many minutes, and paid for where that was too late."""
        limit = (15, 5)[kind]
        ticket = self.take(service_kind_id=self.made.kind_ids[kind])
        if minutes > limit:
            self.later(minutes=limit, seconds=1).staff_act()
            self.sweep()
            self.later(minutes=minutes - limit, seconds=-1)
        else:
            self.later(minutes=minutes)
        self.call(counter)
        self.log(ticket.ticket_id, "service_started")
        self.later(minutes=2)
        self.log(ticket.ticket_id, "served")
        self.settle()
        return ticket

    def _import(self):
        day = (self.present - 20 * DAY).date().isoformat()
        lines = [
            f"c{n},{day} 10:{n:02d}:00,{day} 10:{n + wait:02d}:00"
            for n, wait in enumerate((4, 22, 6, 19, 7, 3))
        ]
        good = "id,arrived,started\n" + "\n".join(lines)
        bad = f"{good}\nx,yesterday,{day} 10:00:00\nback,{day} 11:00:00,{day} 10:40:00\n"
        with self.work(Role.MANAGER) as uow:
            self.mapping_id = save_mapping(
                uow.session, organisation_id=self.made.id, actor=uow.actor, now=uow.now,
                name="Call centre", document=CALLS,
            )  # fmt: skip
        self.import_id = self._upload("calls.csv", bad)
        with self.at(self.now):
            run_import.run(self.made.id, self.import_id)
        self.waiting_import_id = self._upload("more-calls.csv", bad.replace("\nc", "\nd"))
        with self.work(None) as uow:
            judge_past(uow, version_id=self.calls.version_id)

    def _upload(self, name, text):
        with self.work(Role.MANAGER) as uow:
            upload = Upload(name, text.encode(), self.made.branch_id)
            return run_import.stage_upload(uow, upload=upload, document=CALLS)

    # --- today ---

    def _late_morning(self):
        self.redeemed = self._visit(16)
        code = self._code(self.redeemed)
        with self.work() as uow:
            for voucher, _ in redeem_voucher.codes_of_ticket(
                uow, ticket_id=self.redeemed.ticket_id
            ):
                redeem_voucher.show_code(uow, voucher_id=voucher.id)
        with self.work() as uow:
            redeem_voucher.redeem(uow, code=code, counter_id=self.made.counter_id)
        self.ticket = self._visit(16)
        self.code = self._code(self.ticket)
        with self.work() as uow:
            ((self.voucher, _),) = redeem_voucher.codes_of_ticket(
                uow, ticket_id=self.ticket.ticket_id
            )
        self.approval = self._visit(6, kind=1)
        self.annulled = self._visit(6, kind=1)
        with self.work() as uow:
            breach = next(b for b in self.breaches() if b.ticket_id == self.annulled.ticket_id)
            self.breach_id = breach.id
        with self.work(Role.MANAGER) as uow:
            annul_breach.ask(uow, breach_id=breach.id, reason="The display was switched off.")

    def _code(self, ticket):
        with self.work() as uow:
            ((_, code),) = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
        return code

    def _mass_breach(self):
        """The other branch: nobody looked while three promises broke."""
        start, self.now = self.now, self.present - 60 * MINUTE
        for _ in range(3):
            self.take(branch_id=self.made.branches[1].id)
        self.now = start
        self.sweep()
        self.window_id = self.one("SELECT id FROM hold_windows").id

    # --- what takes time ---

    def _matters(self):
        """One of each kind: late, promised, with a partner, answered, and nothing known of it."""
        start, self.now = self.now, self.present - 5 * DAY
        with self.work() as uow:
            common = {"organisation_id": self.made.id, "now": uow.now}
            self.customer_id = known_customer(uow.session, **common, reference="c-77")
            contact_id = add_contact(
                uow.session, **common, channel=ContactChannel.EMAIL, locale="fi",
                address="matti@example.fi", customer_id=self.customer_id,
            )  # fmt: skip
        with self.work(Role.ADMINISTRATOR) as uow:
            common["actor"] = uow.actor
            self.partner_id = add_partner(uow.session, **common, name="Debt Office")
        owner = self.made.members[Role.CLERK]
        self.matter = self.open_matter(
            subject="The card was eaten", customer_id=self.customer_id, contact_id=contact_id,
            owner_id=owner, promised_at=self.present - 2 * DAY,
        )  # fmt: skip
        self.later(hours=3).log(self.matter.ticket_id, "told", said=Said(text="We asked for it."))
        handed = self.open_matter(TicketKind.REQUEST, subject="A copy of the contract")
        self.log(handed.ticket_id, "handed_over", said=Said(partner_id=self.partner_id))
        self.application = self.open_matter(TicketKind.APPLICATION, external_ref="A-104")
        self.answered = self.open_matter(TicketKind.APPLICATION, external_ref="A-105")
        said = Said(text="Another applicant was more fit.")
        self.log(self.answered.ticket_id, "answered", said=said)
        self.now = self.present - 2 * 60 * MINUTE
        self.open_matter(
            TicketKind.CALLBACK, customer_id=self.customer_id,
            promised_at=self.present + 20 * MINUTE,
        )  # fmt: skip
        self.now = start

    def open_matter(self, kind=TicketKind.COMPLAINT, **words):
        request = NewMatter(
            branch_id=self.made.branch_id, service_kind_id=self.made.kind_id, kind=kind,
            source=EventSource.DESK, **words,
        )  # fmt: skip
        with self.work() as uow:
            return open_matter(uow, request=request)

    def _present(self):
        self.now = self.present - 14 * MINUTE
        gone, absent, served, called = (self.take() for _ in range(4))
        risky = self.take(customer_id=self.customer_id)
        self.later(minutes=2).log(gone.ticket_id, "left")
        self.call(2)
        self.later(minutes=3).log(absent.ticket_id, "no_show")
        self.now = self.present - 4 * MINUTE
        self.disputed, self.loan = self.take(), self.take(service_kind_id=self.made.kind_ids[1])
        self.call(1)
        self.later(minutes=1).log(served.ticket_id, "service_started")
        with self.work(None) as uow:
            dispute.dispute(uow, ticket_id=served.ticket_id)
        self.in_service, self.called, self.waiting = served, called, risky
        self.now = self.present - MINUTE
        self.call(2)
        with self.work(None) as uow:
            dispute.dispute(uow, ticket_id=self.disputed.ticket_id)
        self.take()
        with self.work() as uow:
            self.walk_in = walk_in(
                uow, counter_id=self.made.counter_id, service_kind_id=self.made.kind_id
            )
        self.now = self.present

    # --- who and what may come in ---

    def _people_and_devices(self):
        with self.work(None) as uow:
            follow(
                uow, public_code=self.waiting.public_code, channel=ContactChannel.EMAIL,
                address="customer@example.fi", locale="fi",
            )  # fmt: skip
        with self.work(Role.ADMINISTRATOR) as uow:
            common = {"organisation_id": self.made.id, "actor": uow.actor, "now": uow.now}
            _, code = add_device(
                uow.session, **common, kind=DeviceKind.KIOSK, name="Kiosk by the door",
                branch_id=self.made.branch_id,
            )  # fmt: skip
            _, screen = add_device(
                uow.session, **common, kind=DeviceKind.DISPLAY, name="Screen in the hall",
                branch_id=self.made.branch_id,
            )  # fmt: skip
            self.device_id, _ = add_device(
                uow.session, **common, kind=DeviceKind.KIOSK, name="Spare kiosk",
                branch_id=self.made.branches[1].id,
            )  # fmt: skip
            self.key_id, _ = issue_api_key(
                uow.session, **common, request=NewKey(name="Till", scopes=tuple(Scope))
            )
            person = NewMember(
                name="Nils Nyman", email="nils@example.fi", role=Role.CLERK,
                branch_id=self.made.branch_id, locale="sv",
            )  # fmt: skip
            self.invited = invite(uow, request=person)
            self.demo_token = demo_path(uow, member_id=self.made.members[Role.CLERK])
        with self.work(None) as uow:
            common = {"organisation_id": self.made.id, "now": uow.now}
            self.kiosk, self.kiosk_token = enrol_device(uow.session, **common, code=code)
            _, self.display_token = enrol_device(uow.session, **common, code=screen)
            clerk = uow.session.connection().exec_driver_sql(
                "SELECT email FROM members WHERE id = %s", (self.made.members[Role.CLERK],)
            )
            self.reset = request_reset(uow.session, **common, email=clerk.scalar_one())
        self.paper = self.take(device_id=self.kiosk.id)

    def ids(self, app=None):
        """One of each, by the name of the parameter in routes and forms."""
        if app is not None:
            with app.app_context():
                return self.ids()
        compensation = next(row for row in self.compensations() if row.state == "owed")
        mark = mark_of(compensation.amount_minor, compensation.holds)
        return {
            "branch_id": self.made.branch_id,
            "calendar_id": self.made.branch.calendar_id,
            "counter_id": self.made.counter_id,
            "service_kind_id": self.made.kind_id,
            "member_id": self.invited.member_id,
            "device_id": self.device_id,
            "key_id": self.key_id,
            "mapping_id": self.mapping_id,
            "import_id": self.import_id,
            "problem_id": self.one("SELECT id FROM problems ORDER BY id LIMIT 1").id,
            "proposal_id": self.proposal_id,
            "draft_id": self.draft_id,
            "promise_id": self.published.promise_id,
            "promise_slug": self.promise_slug,
            "ticket_id": self.ticket.ticket_id,
            "waiting_id": self.waiting.ticket_id,
            "disputed_id": self.disputed.ticket_id,
            "event_id": self.ticket.event_id,
            "voucher_id": self.voucher.id,
            "breach_id": self.breach_id,
            "window_id": self.window_id,
            "compensation_id": compensation.id,
            "shown_debt": f"{compensation.id} {mark}",
            "code": self.ticket.public_code,
            "matter_id": self.matter.ticket_id,
            "partner_id": self.partner_id,
            **self.more,
        }
