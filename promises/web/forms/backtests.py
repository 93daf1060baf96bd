"""Which promise is tried, and against which history."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from wtforms import DateField, SelectField
from wtforms.validators import Optional

from promises.http.forms import Form, one_id, options
from promises.http.i18n import gettext
from promises.kernel.text import N_
from promises.reporting.backtests import Span
from promises.reporting.backtests.estimate import LONGEST_SPAN_DAYS
from promises.web.forms.terms import FullTermsForm, Scopes


class HistoryForm(Form):
    """Against which history alone; sent by GET, so that the address can be shared."""

    from_on = DateField(N_("From"), [Optional()])
    to_on = DateField(N_("To"), [Optional()])
    brought = SelectField(N_("Or one import alone"), coerce=one_id, validators=[Optional()])

    def offer_imports(self, imports: Iterable[tuple[uuid.UUID, str]]) -> None:
        self.brought.choices = options([("", gettext("No, all tickets of these days")), *imports])

    def span(self) -> Span:
        if self.brought.data:
            return Span(import_id=self.brought.data)
        return Span(self.from_on.data, self.to_on.data)

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        fine = super().validate(extra_validators=extra_validators)
        if self.brought.data or self.from_on.errors or self.to_on.errors:
            return fine
        first, last = self.from_on.data, self.to_on.data
        if first is None or last is None:
            (self.to_on if first else self.from_on).errors = [gettext("Give the day.")]
            return False
        if first > last:
            self.to_on.errors = [gettext("Choose a day that is not before the first one.")]
            return False
        if last - first >= dt.timedelta(days=LONGEST_SPAN_DAYS):
            self.from_on.errors = [gettext("Choose ten years at most.")]
            return False
        return fine


class BacktestForm(HistoryForm, FullTermsForm):
    """The whole promise as well: the address says all of it."""

    def offer_history(self, scopes: Scopes, imports: Iterable[tuple[uuid.UUID, str]]) -> None:
        self.offer(scopes)
        self.offer_imports(imports)
