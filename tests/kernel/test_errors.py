import pytest

from promises.kernel import errors
from promises.kernel.errors import Conflict, DomainError, FieldProblem, NotFound, Refused, TooMany
from promises.kernel.money import Money
from promises.kernel.text import render

STATUS = {
    errors.DomainError: 422,
    errors.NotSignedIn: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.Refused: 422,
    errors.TooMany: 429,
}


def test_errors_each_have_a_code_and_a_status():
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, Exception)]
    assert {c: c.status for c in classes} == STATUS
    assert all(c.code and c.message for c in classes)


class CapExceeded(Conflict):
    code = "cap_exceeded"
    message = "Only %(left)s are left."


def test_domain_error_carries_typed_params_and_renders_in_a_language():
    error = CapExceeded(left=Money(1050, "EUR"))
    assert error.params == {"left": Money(1050, "EUR")}
    assert (error.code, error.status) == ("cap_exceeded", 409)
    assert render("sv", error.text) == "Only 10,50\u00a0€ are left."
    assert str(error) == "cap_exceeded(left=Money(amount_minor=1050, currency='EUR'))"
    with pytest.raises(DomainError):
        raise error


def test_not_found_needs_no_params():
    assert str(NotFound()) == "not_found()"
    assert NotFound().params == {}


def test_too_many_says_when_to_come_back():
    error = TooMany(retry_after=30)
    assert error.retry_after == 30
    assert error.params == {"retry_after": 30}


def test_refused_lists_its_problems():
    problem = FieldProblem("/limit/seconds", "At most %(most)s.", {"most": 5})
    error = Refused([problem], promise="x")
    assert error.problems == (problem,)
    assert error.params == {"promise": "x"}
    assert str(error) == "refused(/limit/seconds: At most 5.)"
    assert render("en", problem.text) == "At most 5."


def test_refused_without_problems_reads_like_any_error():
    assert str(Refused(why="late")) == "refused(why='late')"
