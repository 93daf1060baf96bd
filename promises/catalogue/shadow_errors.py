"""What shadow runs refuse."""

from promises.kernel.errors import Conflict, NotFound
from promises.kernel.text import N_


class NoSuchShadowRun(NotFound):
    code = "no_such_shadow_run"
    message = N_("There is no such shadow run.")


class ShadowRunEnded(Conflict):
    """Its result stands; nothing of it changes any more."""

    code = "shadow_run_ended"
    message = N_("This shadow run ended on %(ended_at)s. Its result stands.")


class ShadowRunStands(Conflict):
    code = "shadow_run_stands"
    message = N_("A shadow run of this proposal is under way already.")
