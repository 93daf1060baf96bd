"""What became of staff's ideas at the bank: support, talk, a question, a merge, a late decision."""

import datetime as dt
import uuid

from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_moves import (
    lock_undecided_proposal,
    merge_proposal,
    move_proposal,
)
from promises.catalogue.proposal_talk import write_comment
from promises.catalogue.proposals import ProposalDraft
from promises.db import sql
from promises.db.session import UnitOfWork
from promises.flows.discuss_proposal import support
from promises.flows.propose_promise import propose
from promises.identity.decision_time import change_decision_time
from promises.kernel.actors import Actor, Role
from promises.simulation import promises as offer
from promises.simulation.acts import Acts
from promises.simulation.bank import BRANCHES, DAILY, LIVE_BRANCH, LOANS, Bank
from promises.simulation.promises import Idea, visit_terms

DAYS_TO_DECIDE = 5

LATE = Idea(
    "Kassalla palvelu alkaa 12 minuutissa perjantaisinkin",
    "Perjantaina iltapäivällä jono kiertää ovelle asti.",
    "Perjantaisin kello 14-16 kaikki kolme palvelupistettä ovat auki.",
    720,
    (DAILY,),
)
LATE_NEEDS = "Kolmas ihminen tiskille perjantai-iltapäiviksi."
ASKED = Idea(
    "Lainapäätöksen saa kuulla 20 minuutin neuvottelussa",
    "Asiakas käy kolmesti saman lainan takia.",
    "Paperit tarkistetaan puhelimessa jo ennen käyntiä.",
    1200,
    (LOANS,),
)
QUESTION = "Kuinka monta lainaneuvottelua viikossa tämä koskee, ja kuka soittaa etukäteen?"
TWIN = Idea(
    "Lainaneuvottelija tavataan 25 minuutissa",
    "Lainaa hakeva odottaa samassa jonossa kuin laskunmaksaja.",
    "Lainaneuvottelija päivystää joka päivä omalla tiskillään.",
    1500,
    (LOANS,),
)
TWIN_REASON = "Sama ajatus kuin Sannan ehdotuksessa. Jatketaan siitä, kannatus siirtyy mukana."
TALK = (
    "Meillä tätä kysytään joka päivä. Päivystys kannattaa aloittaa jo yhdeltätoista.",
    "Rantakadulla on vain kaksi palvelupistettä. Mitä mieltä olet, @Helena Virta?",
)
SUPPORTED = "Samaa toivotaan meilläkin. Perjantai on viikon pahin päivä."

_TITLES = "SELECT id, title FROM proposals WHERE organisation_id = %(organisation_id)s"


def tell_of_proposals(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    """Each idea once, by its title; one that stands already is left as it is."""
    day = dt.timedelta(days=1)
    with acts.at(now).work(bank.member(Role.ADMINISTRATOR)) as uow:
        known = {
            row.title: row.id
            for row in sql.rows(uow.session, _TITLES, {"organisation_id": uow.organisation_id})
        }
        change_decision_time(
            uow.session, organisation_id=uow.organisation_id, actor=uow.actor, now=uow.now,
            days=DAYS_TO_DECIDE, calendar=None,
        )  # fmt: skip
    if LATE.title not in known:
        _late(acts, bank, now - 11 * day)
    if ASKED.title not in known:
        _asked(acts, bank, now - 6 * day)
    home = known.get(offer.OPEN_IDEAS[0].title)
    if home is not None and TWIN.title not in known:
        _merged(acts, bank, now - 2 * day, home)


def _late(acts: Acts, bank: Bank, at: dt.datetime) -> None:
    with acts.at(at).work(_clerk(bank, 0, 1)) as uow:
        late = propose(uow, draft=_draft(LATE, bank, needs=LATE_NEEDS)).id
    for number, other in enumerate((_clerk(bank, 1), _clerk(bank, 2), _clerk(bank, 2, 1))):
        with acts.at(at + dt.timedelta(hours=number + 1)).work(other) as uow:
            support(uow, proposal_id=late)
            if number == 1:
                _say(uow, late, SUPPORTED)


def _asked(acts: Acts, bank: Bank, at: dt.datetime) -> None:
    with acts.at(at).work(_clerk(bank, 1)) as uow:
        asked = propose(uow, draft=_draft(ASKED, bank)).id
    with acts.at(at + dt.timedelta(hours=20)).work(bank.member(Role.MANAGER)) as uow:
        proposal = lock_undecided_proposal(
            uow.session, organisation_id=uow.organisation_id, proposal_id=asked
        )
        move_proposal(
            uow.session, proposal=proposal, actor=uow.actor, now=uow.now,
            to=ProposalState.ASKED, reason=QUESTION,
        )  # fmt: skip


def _merged(acts: Acts, bank: Bank, at: dt.datetime, home: uuid.UUID) -> None:
    """The idea of another branch joins one that is older."""
    with acts.at(at).work(_clerk(bank, 2)) as uow:
        twin = propose(uow, draft=_draft(TWIN, bank)).id
    for number, text in enumerate(TALK):
        with acts.at(at + dt.timedelta(hours=number + 1)).work(_clerk(bank, number, 1)) as uow:
            support(uow, proposal_id=twin)
            _say(uow, home, text)
    with acts.at(at + dt.timedelta(hours=5)).work(bank.member(Role.MANAGER, 1)) as uow:
        _merge(uow, twin, home)


def _merge(uow: UnitOfWork, twin: uuid.UUID, home: uuid.UUID) -> None:
    merge_proposal(
        uow.session, organisation_id=uow.organisation_id, proposal_id=twin, into_id=home,
        actor=uow.actor, now=uow.now, reason=TWIN_REASON,
    )  # fmt: skip


def _say(uow: UnitOfWork, proposal_id: uuid.UUID, text: str) -> None:
    """Without the letters that a living comment sends: nobody writes letters about the past."""
    write_comment(
        uow.session, organisation_id=uow.organisation_id, actor=uow.actor, now=uow.now,
        proposal_id=proposal_id, text=text,
    )  # fmt: skip


def _clerk(bank: Bank, branch: int, place: int = 0) -> Actor:
    slugs = (BRANCHES[0].slug, BRANCHES[1].slug, LIVE_BRANCH)
    return bank.branches[slugs[branch]].clerk(place)


def _draft(idea: Idea, bank: Bank, needs: str = "") -> ProposalDraft:
    return ProposalDraft(
        title=idea.title,
        terms=visit_terms(bank, idea.letters, idea.seconds),
        way_of_working=idea.way_of_working,
        problem_text=idea.problem,
        needs=needs,
        credit=True,
    )
