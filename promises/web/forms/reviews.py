"""The verdict on a promise after a quarter."""

from wtforms import RadioField

from promises.http.forms import Form, Text, options
from promises.http.i18n import gettext
from promises.improvement.reviews import LONGEST_PUBLIC, LONGEST_SENTENCE
from promises.improvement.reviews_models import ReviewVerdict
from promises.kernel.text import LOCALES, N_

VERDICTS = {
    ReviewVerdict.KEEP: N_("Keep it as it is"),
    ReviewVerdict.TIGHTEN: N_("Promise more"),
    ReviewVerdict.CHANGE: N_("Change it"),
    ReviewVerdict.PAUSE: N_("Pause it"),
    ReviewVerdict.END: N_("End it"),
}


class ReviewForm(Form):
    verdict = RadioField(N_("What becomes of it?"), coerce=ReviewVerdict)
    sentence = Text(N_("Why, in a sentence or two"), longest=LONGEST_SENTENCE)
    public_fi = Text(N_("For customers, in Finnish"), longest=LONGEST_PUBLIC, required=False)
    public_sv = Text(N_("For customers, in Swedish"), longest=LONGEST_PUBLIC, required=False)
    public_en = Text(N_("For customers, in English"), longest=LONGEST_PUBLIC, required=False)

    def offer(self) -> None:
        self.verdict.choices = options((key, gettext(text)) for key, text in VERDICTS.items())

    def public_texts(self) -> dict[str, str]:
        given = {code: self[f"public_{code}"].data for code in LOCALES}
        return {code: text for code, text in given.items() if text}
