"""Payout files: one that the bank has answered, one that waits for a second person; and a payout by
hand."""

from promises.flows.bank_answers import take_bank_file
from promises.flows.payout_runs import fetch_run, prepare_run, release_run
from promises.kernel.actors import Role
from promises.payouts.accounts import NewRail, save_rail
from promises.payouts.destinations import NewDestination, give_destination
from promises.payouts.rails.manual import MANUAL, ManualMaker
from promises.payouts.rails.sepa.rail import SEPA, SepaMaker
from promises.payouts.runs import run_by_id

RAILS = {SEPA: SepaMaker(), MANUAL: ManualMaker()}
PAYEE = {"iban": "FI4950009420028730", "name": "Väinö Öljymäki"}
SETTINGS = {"debtor_name": "Honkaranta Bank"}
OWN = {"iban": "FI2112345600000785"}
ANSWER = """<Document><CstmrPmtStsRpt><GrpHdr><MsgId>B-1</MsgId></GrpHdr><OrgnlGrpInfAndSts>
<OrgnlMsgId>{}</OrgnlMsgId><GrpSts>ACCP</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"""


def fill(world):
    tenant = {"organisation_id": world.made.id}
    start = world.now
    with world.work(None) as uow:
        for rail, settings, secrets in ((SEPA, SETTINGS, OWN), (MANUAL, {}, {})):
            new = NewRail(rail, True, False, settings, secrets)
            save_rail(uow.session, now=uow.now, changed_by=None, new=new, **tenant)

    def prepare():
        with world.work(Role.MANAGER) as uow:
            return prepare_run(uow, RAILS, rail=SEPA)

    _owe(world, SEPA, PAYEE)
    answered = prepare()
    with world.work(Role.ACCOUNTANT) as uow:
        run = run_by_id(uow.session, run_id=answered, **tenant)
        release_run(uow, run_id=answered, typed=run.check_sum[:8])
        fetch_run(uow, RAILS, run_id=answered)
    with world.work(Role.ACCOUNTANT) as uow:
        answer = ANSWER.format(run.message_id).encode()
        assert take_bank_file(uow, RAILS, rail=SEPA, content=answer).moved == 1
        take_bank_file(
            uow, RAILS, rail=SEPA, content=answer.replace(b"<OrgnlMsgId>", b"<OrgnlMsgId>X")
        )
    _owe(world, SEPA, PAYEE)
    waiting = prepare()
    _owe(world, SEPA, PAYEE)
    _owe(world, MANUAL, {})
    world.now = start
    world.manager_pages.append(f"/payouts/runs/{answered}")
    return {"payout_run_id": waiting}


def _owe(world, rail, details):
    """A released debt that goes this way."""
    start = world.now
    world.later(minutes=-40)
    ticket = world.take()
    with world.work(None) as uow:
        give_destination(
            uow.session, organisation_id=world.made.id, actor=uow.actor, now=uow.now,
            new=NewDestination(ticket.ticket_id, rail, details, True, uow.now),
        )  # fmt: skip
    world.later(minutes=15, seconds=1).staff_act()
    world.sweep()
    world.log(ticket.ticket_id, "service_started")
    world.now = start
    world.log(ticket.ticket_id, "served")
