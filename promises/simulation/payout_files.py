"""Customers who had their money sent to bank accounts: a file that two people let go, what the bank
said of it, and one payout that waits for the next file."""

import datetime as dt
import uuid

from promises.db import sql
from promises.db.session import UnitOfWork
from promises.flows import choose_payout
from promises.flows.bank_answers import take_bank_file
from promises.flows.payout_runs import fetch_run, prepare_run, release_run
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.money import Money
from promises.payouts.destinations import NewDestination, give_destination
from promises.payouts.rails.base import Rails
from promises.payouts.rails.sepa.iban import TEST_IBAN
from promises.payouts.rails.sepa.rail import SEPA, SepaMaker
from promises.payouts.run_claiming import InRun, payouts_in_run
from promises.payouts.runs import run_by_id
from promises.simulation.acts import ANYBODY, Acts
from promises.simulation.bank import Bank

PAYEES = (
    ("FI4950009420028730", "Aino Mäkelä"),
    ("FI3715903000000776", "Björn Ågren"),
    ("FI5542345670000081", "Oiva Tähtinen"),
    ("FI4950009420028730", "Aino Mäkelä"),
)
"""The last of those that are found waits for the next file."""

FEWEST = 3
_RAILS: Rails = {SEPA: SepaMaker()}
HOUR = dt.timedelta(hours=1)

_STATE = """
SELECT EXISTS (SELECT FROM payout_runs WHERE organisation_id = %(organisation_id)s) AS told,
    EXISTS (SELECT FROM rail_settings
        WHERE organisation_id = %(organisation_id)s AND rail = 'sepa' AND enabled) AS in_use
"""

_UNUSED = """
SELECT t.id FROM vouchers v
JOIN payouts p ON p.organisation_id = v.organisation_id AND p.id = v.payout_id
JOIN compensations k ON k.organisation_id = p.organisation_id AND k.id = p.compensation_id
JOIN tickets t ON t.organisation_id = k.organisation_id AND t.id = k.ticket_id
WHERE v.organisation_id = %(organisation_id)s AND v.state = 'active' AND k.remedy = 'money'
  AND v.issued_at < %(before)s AND t.kind = 'visit'
  AND NOT EXISTS (SELECT FROM payout_destinations d
      WHERE d.organisation_id = t.organisation_id AND d.ticket_id = t.id)
ORDER BY v.issued_at DESC, v.id LIMIT %(limit)s
"""

_STATUS = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>P2-{id}</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{run}</OrgnlMsgId>
<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>{lines}</OrgnlPmtInfAndSts>
</CstmrPmtStsRpt></Document>"""
_TAKEN = (
    """<TxInfAndSts><OrgnlEndToEndId>{mark}</OrgnlEndToEndId><TxSts>ACSP</TxSts></TxInfAndSts>"""
)
_CLOSED = """<TxInfAndSts><OrgnlEndToEndId>{mark}</OrgnlEndToEndId><TxSts>RJCT</TxSts>
<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>"""
_NOTICE = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">
<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>C54-{id}</MsgId></GrpHdr><Ntfctn><Id>C54-{id}</Id>
<Acct><Id><IBAN>{account}</IBAN></Id></Acct>{lines}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"""
_BOOKED = """<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>
<Sts><Cd>BOOK</Cd></Sts><AcctSvcrRef>{mark}</AcctSvcrRef><NtryDtls><TxDtls>
<Refs><EndToEndId>{mark}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"""


def tell_of_payout_files(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    """Once; the first file says that it was told."""
    with acts.work(ANYBODY) as uow:
        tenant = {"organisation_id": uow.organisation_id}
        known = sql.one(uow.session, _STATE, tenant)
        if known.told or not known.in_use:
            return
        wanted = {"before": now - 23 * HOUR, "limit": len(PAYEES)}
        tickets = [row.id for row in sql.rows(uow.session, _UNUSED, tenant | wanted)]
    if len(tickets) < FEWEST:
        return
    for place, ticket_id in enumerate(tickets[:-1]):
        _choose(acts.at(now - 22 * HOUR), ticket_id, place)
    run_id = _let_go(acts, bank, now - 20 * HOUR)
    _answers(acts, bank, run_id, now - 18 * HOUR)
    _choose(acts.at(now - 2 * HOUR), tickets[-1], len(tickets) - 1)


def _choose(acts: Acts, ticket_id: uuid.UUID, place: int) -> None:
    iban, name = PAYEES[place]
    with acts.work(SYSTEM) as uow:
        give_destination(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=SYSTEM,
            now=uow.now,
            new=NewDestination(
                ticket_id, SEPA, {"iban": iban, "name": name}, chosen=True, usable_at=uow.now
            ),
        )
    with acts.work(SYSTEM) as uow:
        choose_payout.carry_out_due(uow)


def _let_go(acts: Acts, bank: Bank, instant: dt.datetime) -> uuid.UUID:
    """The manager prepares; the accountant reads the check sum and releases."""
    with acts.at(instant).work(bank.member(Role.MANAGER)) as uow:
        run_id = prepare_run(uow, _RAILS, rail=SEPA)
    with acts.at(instant + HOUR / 2).work(bank.member(Role.ACCOUNTANT)) as uow:
        run = run_by_id(uow.session, organisation_id=uow.organisation_id, run_id=run_id)
        if run is not None:
            release_run(uow, run_id=run_id, typed=run.check_sum[:8])
        fetch_run(uow, _RAILS, run_id=run_id)
    return run_id


def _answers(acts: Acts, bank: Bank, run_id: uuid.UUID, instant: dt.datetime) -> None:
    """One account is closed, which somebody says who had no hand in the file; the rest is taken,
    and booked in the morning."""
    with acts.at(instant).work(bank.member(Role.MANAGER, 1)) as uow:
        *taken, closed = _held(uow, run_id)
        lines = [_TAKEN.format(mark=one.mark) for one in taken]
        lines.append(_CLOSED.format(mark=closed.mark))
        answer = _STATUS.format(
            id=closed.message_id[-8:], run=closed.message_id, lines="".join(lines)
        )
        take_bank_file(uow, _RAILS, rail=SEPA, content=answer.encode())
    with acts.at(instant + 12 * HOUR).work(bank.member(Role.ACCOUNTANT)) as uow:
        notice = _NOTICE.format(
            id=closed.message_id[-8:], account=TEST_IBAN, lines="".join(map(_booked, taken))
        )
        take_bank_file(uow, _RAILS, rail=SEPA, content=notice.encode())


def _held(uow: UnitOfWork, run_id: uuid.UUID) -> list[InRun]:
    return payouts_in_run(
        uow.session, organisation_id=uow.organisation_id, rail=SEPA, run_id=run_id
    )


def _booked(one: InRun) -> str:
    request = one.payout.request
    amount = Money(request.amount_minor, request.currency).major
    return _BOOKED.format(mark=one.mark, amount=amount, currency=request.currency)
