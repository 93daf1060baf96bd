"""What the product refuses, and why: one class a refusal, with a code and an HTTP status.

Rooms subclass these. `message` is an English gettext msgid with `%(name)s` places for `params`,
which may hold Money, datetimes and the other values that `kernel.text` knows how to show.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from promises.kernel.text import N_, Message, render


class DomainError(Exception):
    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    message: ClassVar[str] = N_("This cannot be done.")

    def __init__(self, **params: object) -> None:
        super().__init__(self.code)
        self.params: dict[str, object] = params

    @property
    def text(self) -> Message:
        """The refusal as a message, to be rendered in the reader's language."""
        return Message(self.message, self.params)

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code}({shown})"


class NotSignedIn(DomainError):
    code = "not_signed_in"
    status = 401
    message = N_("Sign in first.")


class Forbidden(DomainError):
    code = "forbidden"
    status = 403
    message = N_("You may not do this.")


class NotFound(DomainError):
    code = "not_found"
    status = 404
    message = N_("There is nothing here.")


class Conflict(DomainError):
    code = "conflict"
    status = 409
    message = N_("Somebody changed this meanwhile.")


class Gone(DomainError):
    code = "gone"
    status = 410
    message = N_("This is no longer valid.")


class TooMany(DomainError):
    """`retry_after` is in whole seconds."""

    code = "too_many"
    status = 429
    message = N_("Too many attempts. Wait a little and try again.")

    def __init__(self, *, retry_after: int, **params: object) -> None:
        super().__init__(retry_after=retry_after, **params)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field: `field` is its name, or a JSON pointer into a document."""

    field: str
    message: str
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def text(self) -> Message:
        return Message(self.message, self.params)


class Refused(DomainError):
    """Input that cannot be accepted; nothing was changed."""

    code = "refused"
    status = 422
    message = N_("Some of this needs another look.")

    def __init__(self, problems: Iterable[FieldProblem] = (), **params: object) -> None:
        super().__init__(**params)
        self.problems: tuple[FieldProblem, ...] = tuple(problems)

    def __str__(self) -> str:
        if not self.problems:
            return super().__str__()
        fields = ", ".join(f"{p.field}: {render('en', p.text)}" for p in self.problems)
        return f"{self.code}({fields})"
