"""What the pages of proposals say of states, news and steps."""

from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_figures import Kept
from promises.catalogue.proposal_models import NewsKind
from promises.http.i18n import gettext
from promises.kernel.text import N_

NEWS = {
    NewsKind.COMMENTED: N_("%(name)s commented"),
    NewsKind.MENTIONED: N_("%(name)s named you"),
    NewsKind.ASKED: N_("%(name)s asked a question"),
    NewsKind.ANSWERED: N_("%(name)s answered the question"),
    NewsKind.TRIED: N_("%(name)s started a shadow run"),
    NewsKind.TRIAL_ENDED: N_("The shadow run has ended"),
    NewsKind.PUBLISHED: N_("%(name)s published it"),
    NewsKind.DECLINED: N_("%(name)s declined it"),
    NewsKind.MERGED: N_("%(name)s let it go on in another one"),
    NewsKind.DUE_SOON: N_("The decision is due today"),
    NewsKind.OVERDUE: N_("The decision is late"),
}
STATES = {
    ProposalState.OPEN: N_("Waiting for a decision"),
    ProposalState.ASKED: N_("Asked the proposer"),
    ProposalState.SHADOW: N_("In a shadow run"),
    ProposalState.PUBLISHED: N_("Published"),
    ProposalState.DECLINED: N_("Declined"),
    ProposalState.MERGED: N_("Merged"),
}
KEPT = {
    Kept.IN_TIME: N_("In time"),
    Kept.LATE: N_("Late"),
    Kept.WAITING: N_("Late and still undecided"),
}
TAGS = {ProposalState.OPEN: "proposed"}
"""The tag of a state, where it is not its own word."""


def news_words(kind: NewsKind, name: str) -> str:
    return gettext(NEWS[kind], name=name or gettext("Somebody"))


def state_words(state: ProposalState) -> str:
    return gettext(STATES[state])


def kept_words(kept: Kept) -> str:
    return gettext(KEPT[kept])
