"""Inviting somebody, and changing what they do."""

from collections.abc import Iterable

from wtforms import RadioField, SelectField
from wtforms.validators import Optional

from promises.http.forms import Form, Line, one_id, options
from promises.http.i18n import gettext
from promises.http.navigation import ROLE_NAMES
from promises.identity.models import Branch
from promises.kernel.actors import Role
from promises.kernel.text import N_
from promises.web.forms.account import LANGUAGES


class RoleForm(Form):
    role = RadioField(N_("Role"), coerce=Role)
    branch_id = SelectField(N_("Branch"), coerce=one_id, validators=[Optional()])

    def offer(self, branches: Iterable[Branch]) -> None:
        """Fill in the choices, in the reader's language."""
        self.role.choices = options((role, gettext(name)) for role, name in ROLE_NAMES.items())
        every = ("", gettext("All branches"))
        self.branch_id.choices = options([every, *((b.id, b.name) for b in branches)])


class InviteForm(RoleForm):
    name = Line(N_("Name"), longest=120)
    email = Line(N_("E-mail address"), longest=254)
    locale = SelectField(N_("Language"), choices=options(LANGUAGES))
