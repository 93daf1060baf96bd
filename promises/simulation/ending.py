"""How the bank takes something back honestly: a pause, a longer limit, an end, and the reviews."""

import dataclasses
import datetime as dt

from promises.catalogue.actions import NewVersion
from promises.catalogue.errors import NoSuchPromise
from promises.catalogue.pause_queries import pauses_of_promise
from promises.catalogue.queries import PromiseInfo, list_versions, promise_by_slug
from promises.db.session import UnitOfWork
from promises.flows.decide_proposal import publish
from promises.flows.end_promise import end_promise
from promises.flows.pause_promise import pause_promise
from promises.flows.review_promise import review_promise
from promises.improvement.reviews_models import ReviewVerdict
from promises.kernel.actors import Role
from promises.kernel.zones import local_date, resolve_local
from promises.reporting.review_debt import reviews_due
from promises.rules.terms import WaitTerms, parse_wait_terms
from promises.simulation import promises as offer
from promises.simulation.acts import Acts
from promises.simulation.bank import ZONE, Bank

PAUSED_BRANCH = "rantakatu"
PAUSE_REASONS = {
    "fi": "Rantakadun tiski rakennetaan esteettömäksi. Palvelemme viereisessä huoneessa.",
    "sv": "Disken på Rantakatu byggs om så att alla kommer fram. Vi betjänar i rummet intill.",
    "en": "The desk at Rantakatu is rebuilt for easy access. We serve you in the room next door.",
}
EXPRESS_SECONDS = 60
EXPRESS_TITLES = {
    "fi": "Pikapalveluun pääset minuutissa tai saat 10 €",
    "sv": "Vid expressdisken betjänas du inom en minut eller så får du 10 €",
    "en": "At the express counter you are served within a minute or we pay you 10 €",
}
EXPRESS_REASONS = {
    "fi": "Junien väli tihenee, ja jonoon tulee kymmenen ihmistä kerralla.",
    "sv": "Tågen går tätare, och tio personer kommer till kön på en gång.",
    "en": "Trains come more often, and ten people join the queue at once.",
}

CALLS_SLUG = "soitamme-8-tunnissa"
CALLS_TITLES = {
    "fi": "Soitamme sinulle 8 tunnissa tai saat 10 €",
    "sv": "Vi ringer dig inom 8 timmar eller så får du 10 €",
    "en": "We call you within 8 hours or we pay you 10 €",
}
CALLS_WAY = "Iltapäivän viimeinen tunti varataan soitoille."
CALLS_HELD = dt.timedelta(days=300), dt.timedelta(days=100)
END_REASONS = {
    "fi": "Lupaamme vastata kaikkiin yhteydenottoihin, emme enää vain soittopyyntöihin.",
    "sv": "Vi lovar att svara på alla kontakter, inte längre bara på önskemål om samtal.",
    "en": "We promise an answer to every contact now, no longer only to those who ask for a call.",
}
REVIEWED: tuple[ReviewVerdict, str, dict[str, str]] = (
    ReviewVerdict.KEEP,
    "Soittopyyntöjä tuli vasta muutama. Odotetaan vielä yksi neljännes ennen kuin muutetaan.",
    {},
)
REVIEWED_LAST: tuple[ReviewVerdict, str, dict[str, str]] = (
    ReviewVerdict.END,
    "Asiakkaat kirjoittavat mieluummin kuin pyytävät soittoa. Tehdään lupaus, joka koskee kaikkia.",
    END_REASONS,
)
REVIEW_AFTER = dt.timedelta(days=6)


def tell_of_endings(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    manager = bank.member(Role.MANAGER)
    with acts.at(now - dt.timedelta(hours=20)).work(manager) as uow:
        _announce_pause(uow, bank)
        _announce_longer_limit(uow)
    _promise_calls_for_a_while(acts, bank, now)


def _found(uow: UnitOfWork, slug: str) -> PromiseInfo | None:
    try:
        return promise_by_slug(
            uow.session, organisation_id=uow.organisation_id, slug=slug, at=uow.now
        )
    except NoSuchPromise:
        return None


def _announce_pause(uow: UnitOfWork, bank: Bank) -> None:
    """Of the main promise at one branch, for two days of the week after next."""
    main = _found(uow, offer.MAIN_SLUG)
    if main is None or pauses_of_promise(
        uow.session, organisation_id=uow.organisation_id, promise_id=main.promise_id
    ):
        return
    today = local_date(uow.now, ZONE)
    monday = today + dt.timedelta(days=14 - today.weekday())
    starts_at, ends_at = (
        resolve_local(dt.datetime.combine(monday + dt.timedelta(days=days), dt.time()), ZONE)
        for days in (0, 2)
    )
    pause_promise(
        uow,
        promise_id=main.promise_id,
        branch_id=bank.branches[PAUSED_BRANCH].id,
        starts_at=starts_at.instant,
        ends_at=ends_at.instant,
        reasons=PAUSE_REASONS,
    )


def _announce_longer_limit(uow: UnitOfWork) -> None:
    express = _found(uow, offer.EXPRESS_SLUG)
    if express is None or not isinstance(express.version.terms, WaitTerms):
        return
    versions = list_versions(
        uow.session, organisation_id=uow.organisation_id, promise_id=express.promise_id
    )
    if len(versions) > 1:
        return
    terms = express.version.terms
    rule = dataclasses.replace(terms.rule, limit_seconds=EXPRESS_SECONDS)
    version = NewVersion(
        terms=dataclasses.replace(terms, rule=rule),
        valid_from=uow.now + dt.timedelta(days=21),
        titles=EXPRESS_TITLES,
        way_of_working=express.version.way_of_working,
        team_reward=express.version.team_reward,
        target_path=express.version.target_path,
        change_reasons=EXPRESS_REASONS,
        promise_id=express.promise_id,
    )
    publish(uow, version=version)


def _promise_calls_for_a_while(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    """A promise of last year that ended with notice, and stays to be read."""
    manager = bank.member(Role.MANAGER)
    began, ended = (now - ago for ago in CALLS_HELD)
    with acts.at(began).work(manager) as uow:
        if _found(uow, CALLS_SLUG) is not None:
            return
        version = NewVersion(
            terms=_calls_terms(), valid_from=uow.now, titles=CALLS_TITLES,
            way_of_working=CALLS_WAY, slug=CALLS_SLUG,
        )  # fmt: skip
        promise_id = publish(uow, version=version).promise_id
    with acts.at(ended - dt.timedelta(days=14)).work(manager) as uow:
        end_promise(uow, promise_id=promise_id, ends_at=ended, reasons=END_REASONS)
    with acts.at(now).work(manager) as uow:
        due = [
            one.quarter
            for one in reviews_due(
                uow.session,
                organisation_id=uow.organisation_id,
                today=local_date(uow.now, ZONE),
                zone=ZONE,
            )
            if one.promise_id == promise_id
        ]
    for quarter in due:
        verdict, sentence, public = REVIEWED_LAST if quarter == due[-1] else REVIEWED
        day = dt.datetime.combine(quarter.to_on + REVIEW_AFTER, dt.time(9))
        with acts.at(min(now, resolve_local(day, ZONE).instant)).work(manager) as uow:
            review_promise(
                uow,
                promise_id=promise_id,
                quarter=quarter,
                verdict=verdict,
                sentence=sentence,
                public_texts=public,
            )


def _calls_terms() -> WaitTerms:
    return parse_wait_terms(
        {
            "format": 1,
            "currency": "EUR",
            "scope": {"ticket_kinds": ["callback"]},
            "measure": {"kind": "elapsed", "from": "arrived", "to": "called"},
            "limit": {"seconds": 8 * 3600, "boundary": "inclusive"},
            "leavers": {"before_limit": "excluded", "after_limit": "owed"},
            "amount": {"kind": "flat", "amount_minor": 1000},
        }
    )
