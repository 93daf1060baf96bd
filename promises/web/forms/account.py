"""A member's own settings."""

from wtforms import RadioField

from promises.http.forms import Form, options
from promises.kernel.text import N_

LANGUAGES = (("fi", "Suomi"), ("sv", "Svenska"), ("en", "English"))


class LanguageForm(Form):
    locale = RadioField(N_("Language of the pages and of my mail"), choices=options(LANGUAGES))
