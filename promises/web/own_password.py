"""The present password, asked of somebody who is signed in."""

from promises.http.context import signed_in, work
from promises.http.limits import guard
from promises.identity import passwords, queries
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.text import N_


def check_own_password(password: str, *, field: str = "password") -> str:
    """The member's address where it is the one. Raises Refused at the field, TooMany."""
    member = signed_in()
    guard("own-password", limit=10, window_s=900, key=str(member.member_id))
    with work() as uow:
        row = queries.member_by_id(
            uow.session, organisation_id=uow.organisation_id, member_id=member.member_id
        )
        stored, email = row.password_hash, row.email
    if not passwords.verify_password(stored, password):
        raise Refused([FieldProblem(field, N_("This is not your present password."))])
    return email
