"""What the rules refuse."""

from promises.kernel.errors import Refused
from promises.kernel.text import N_


class TermsRefused(Refused):
    """Terms that cannot be a promise; `problems` name each place by its JSON pointer."""

    code = "terms_refused"
    message = N_("The terms of the promise need another look.")
