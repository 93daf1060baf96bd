"""The base of all forms: our words for what is wrong, nothing unprintable, CSRF by the app.

Fields are WTForms' own, with `N_()` labels (the template translates them); choices come through
`options()`. WTForms' texts are replaced by ours, so its validators may be used as they are.
"""

import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from promises.http import i18n
from promises.kernel.errors import DomainError, Refused
from promises.kernel.text import N_

LONGEST_LINE = 200
LONGEST_TEXT = 4000

_LINE_SIGNS = frozenset("\r\n\t")
_NOT_PRINTED = ("Cc", "Cs", "Co", "Cn")
_UNPRINTABLE = N_("This holds characters that cannot be printed. Remove them, or type it anew.")

_OUR_WORDS = {
    "This field is required.": N_("This is missing."),
    "Not a valid choice.": N_("Choose one of these."),
    "Not a valid choice": N_("Choose one of these."),
    "Invalid Choice: could not coerce.": N_("Choose one of these."),
    "Invalid choice(s): one or more data inputs could not be coerced.": N_("Choose among these."),
    "Not a valid integer value.": N_("Give a whole number."),
    "Not a valid decimal value.": N_("Give a number."),
    "Not a valid date value.": N_("Give a date."),
    "Not a valid time value.": N_("Give a time of day."),
    "Not a valid datetime value.": N_("Give a date and a time."),
    "Invalid input.": N_("This does not look right. Check it once more."),
    "Number must be at least %(min)s.": N_("Give at least %(min)s."),
    "Number must be at most %(max)s.": N_("Give at most %(max)s."),
    "Number must be between %(min)s and %(max)s.": N_("Give a number between %(min)s and %(max)s."),
}
_OUR_PLURALS = {
    "'%(value)s' is not a valid choice for this field.": N_("Choose among these."),
    "Field cannot be longer than %(max)d character.": N_("Keep this to %(max)d characters."),
    "Field must be at least %(min)d character long.": N_("Give at least %(min)d characters."),
    "Field must be exactly %(max)d character long.": N_("Give exactly %(max)d characters."),
}


class _Translations:
    """What WTForms asks for its texts; it fills the places in itself."""

    def gettext(self, string: str) -> str:
        return i18n.gettext(_OUR_WORDS.get(string, string))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return i18n.gettext(_OUR_PLURALS.get(singular, singular if n == 1 else plural))


_translations = _Translations()


class Form(FlaskForm):
    """CSRF is checked for the whole application before any form is looked at."""

    class Meta:
        csrf = False

        def get_translations(self, form: object) -> _Translations:
            return _translations

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        fine = super().validate(extra_validators=extra_validators)
        for field in self:
            if _unprintable(field):
                field.errors = [i18n.gettext(_UNPRINTABLE)]
                fine = False
        return bool(fine)

    def refuse(self, error: DomainError) -> None:
        """Show a room's refusal: each problem at the field of its name, the rest above the form.

        A problem's field may be a JSON pointer; its first part is taken.
        """
        problems = error.problems if isinstance(error, Refused) else ()
        for problem in problems:
            name = problem.field.strip("/").split("/")[0]
            words = i18n.say(problem.text)
            if name in self._fields:
                self._fields[name].errors = [*self._fields[name].errors, words]
            else:
                self.form_errors.append(words)
        if not problems:
            self.form_errors.append(i18n.say(error.text))


def _unprintable(field: Any) -> bool:
    allowed = _LINE_SIGNS if isinstance(field, TextAreaField) else frozenset()
    return any(
        isinstance(text, str)
        and any(unicodedata.category(s) in _NOT_PRINTED and s not in allowed for s in text)
        for text in field.raw_data or ()
    )


def tidy(text: str | None) -> str | None:
    """Without blanks around, in one form of each sign; filter of the fields below."""
    return None if text is None else unicodedata.normalize("NFC", text).strip()


class Line(StringField):
    """One line of text, tidied; `required` unless told otherwise."""

    def __init__(
        self, label: str, *, longest: int = LONGEST_LINE, required: bool = True, **others: Any
    ) -> None:
        checks = [InputRequired() if required else Optional(), Length(max=longest)]
        validators = [*checks, *others.pop("validators", ())]
        keywords = {"maxlength": longest} | others.pop("render_kw", {})
        super().__init__(label, validators, filters=[tidy], render_kw=keywords, **others)


class Text(TextAreaField):
    """Several lines of text, tidied; the browser's line ends become one sign each."""

    def __init__(
        self, label: str, *, longest: int = LONGEST_TEXT, required: bool = True, **others: Any
    ) -> None:
        checks = [InputRequired() if required else Optional(), Length(max=longest)]
        validators = [*checks, *others.pop("validators", ())]
        super().__init__(label, validators, filters=[_one_line_end, tidy], **others)


def _one_line_end(text: str | None) -> str | None:
    return None if text is None else text.replace("\r\n", "\n").replace("\r", "\n")


class WholeNumber(IntegerField):
    """Takes the blanks of grouped digits as they are typed; never more than 18 digits."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        plain = "".join(valuelist[0].split())
        self.data = None
        if not plain.lstrip("-").isdigit() or not plain.isascii() or len(plain) > 18:
            raise ValueError(self.gettext("Not a valid integer value."))
        self.data = int(plain)


def options(pairs: Iterable[tuple[object, str]]) -> list[SelectChoice]:
    """Choices of a select or radio field from (value, words in the reader's language)."""
    return [SelectChoice(value=str(value), label=words) for value, words in pairs]


def one_id(text: str | uuid.UUID | None) -> uuid.UUID | None:
    """`coerce` of a field whose choices are ids; nothing chosen is None."""
    if isinstance(text, uuid.UUID) or text is None:
        return text
    return uuid.UUID(text) if text not in ("", "None") else None
