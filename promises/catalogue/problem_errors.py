"""What is refused about problems and their evidence."""

from promises.kernel.errors import Conflict, NotFound
from promises.kernel.text import N_


class NoSuchProblem(NotFound):
    code = "no_such_problem"
    message = N_("There is no such problem.")


class ProblemNotOpen(Conflict):
    code = "problem_not_open"
    message = N_("This problem was merged or closed already.")


class ProblemHoldsOthers(Conflict):
    """Merging goes one step only, so that every case has one place where it counts."""

    code = "problem_holds_others"
    message = N_("Others were merged into this problem. Merge the other one into it instead.")


class SameProblem(Conflict):
    code = "same_problem"
    message = N_("A problem cannot be merged into itself.")


class NotMerged(Conflict):
    code = "not_merged"
    message = N_("This problem is not merged with another.")


class NoSuchCase(NotFound):
    code = "no_such_case"
    message = N_("There is no such case.")


class TextHandled(Conflict):
    code = "text_handled"
    message = N_("A colleague was first: this answer counts with a problem already.")
