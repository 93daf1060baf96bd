"""Applications in bulk."""

from collections.abc import Iterable

from flask_wtf.file import FileField
from wtforms import SelectField
from wtforms.validators import InputRequired

from promises.http.forms import Form, Text, one_id, options
from promises.identity.models import Branch, ServiceKind
from promises.identity.queries import service_name
from promises.kernel.text import LOCALES, N_
from promises.web.forms.matters import LANGUAGES

LARGEST_FILE = 200_000
LONGEST_PASTE = 100_000


class BulkForm(Form):
    branch_id = SelectField(N_("Branch"), coerce=one_id, validators=[InputRequired()])
    service_kind_id = SelectField(N_("Service"), coerce=one_id, validators=[InputRequired()])
    language = SelectField(N_("Language of the applicants"))
    lines = Text(N_("Lines"), longest=LONGEST_PASTE, required=False)
    file = FileField(N_("Or a file"))

    def offer(self, branches: Iterable[Branch], kinds: Iterable[ServiceKind], locale: str) -> None:
        self.branch_id.choices = options((branch.id, branch.name) for branch in branches)
        self.service_kind_id.choices = options(
            (kind.id, service_name(kind, locale)) for kind in kinds
        )
        self.language.choices = options((code, LANGUAGES[code]) for code in LOCALES)
        if self.language.data is None:
            self.language.data = locale


def text_of(form: BulkForm) -> str:
    """What was pasted, else what the file holds: UTF-8, or the old Western European letters."""
    if form.lines.data or not form.file.data:
        return str(form.lines.data or "")
    content: bytes = form.file.data.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("windows-1252", "replace")
