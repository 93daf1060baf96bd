"""Uploading a file, and writing a mapping: by a small form for the common case, or as JSON."""

import json
from typing import Any

from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField
from wtforms.validators import InputRequired

from promises.desk.imports.mapping import Encoding
from promises.http.forms import Form, Line, Text, one_id
from promises.http.i18n import gettext
from promises.kernel.text import N_

LONGEST_JSON = 64_000
ENCODINGS = {
    Encoding.UTF_8: N_("UTF-8 (most files)"),
    Encoding.WINDOWS_1252: N_("Windows, Western Europe (1252)"),
    Encoding.ISO_8859_1: N_("Latin 1 (ISO 8859-1)"),
    Encoding.ISO_8859_15: N_("Latin 9 with € (ISO 8859-15)"),
    Encoding.UTF_16: N_("UTF-16 (“Unicode text” of spreadsheets)"),
}
DELIMITERS = {
    "auto": N_("Find it in the file"),
    ",": N_("Comma"),
    ";": N_("Semicolon"),
    "\t": N_("Tab"),
    "|": N_("Vertical bar"),
}
DURATIONS = {
    "seconds": N_("Seconds"),
    "minutes": N_("Minutes"),
    "mm:ss": N_("Minutes and seconds, 4:30"),
    "h:mm:ss": N_("Hours, minutes and seconds, 0:04:30"),
    "h:mm": N_("Hours and minutes, 0:04"),
    "milliseconds": N_("Milliseconds"),
}
_ENDS = {"served": "served_values", "left": "left_values", "no_show": "no_show_values"}


class UploadForm(Form):
    file = FileField(N_("File"), [FileRequired(N_("Choose a file."))])
    branch_id = SelectField(N_("Branch"), [InputRequired()], coerce=one_id)
    mapping_id = SelectField(N_("How its columns are read"), [InputRequired()], coerce=one_id)


class JsonForm(Form):
    """`document()` is None where the text is no JSON object; the field then says why."""

    name = Line(N_("Name"), longest=80)
    text = Text(N_("Mapping (JSON)"), longest=LONGEST_JSON)

    def document(self) -> dict[str, Any] | None:
        try:
            found = json.loads(self.text.data)
        except ValueError as error:
            line = str(getattr(error, "lineno", 1))
            message = gettext("This is not JSON: look at line %(line)s.", line=line)
            self.text.errors = [*self.text.errors, message]
            return None
        if not isinstance(found, dict):
            self.text.errors = [*self.text.errors, gettext("Begin with { and end with }.")]
            return None
        return found


class SimpleMappingForm(Form):
    """The common case. Field names are those of the document's parts, so that its problems show
    where they belong."""

    name = Line(N_("Name"), longest=80)
    delimiter = SelectField(N_("Between the columns"))
    file = SelectField(N_("Encoding"))
    time_zone = Line(N_("Time zone of local times"))
    reference = Line(N_("Columns that make a row's reference"))
    service_kind = SelectField(N_("Kind of service"))
    arrived = Line(N_("Column with the arrival"))
    arrived_format = Line(N_("How it is written"))
    service_started = Line(N_("Column with the start of service"), required=False)
    left = Line(N_("Column with the leaving"), required=False)
    waited = Line(N_("Column with the wait as a duration"), required=False)
    waited_format = SelectField(N_("The duration is in"))
    outcome = Line(N_("Column with the outcome"), required=False)
    served_values = Line(N_("Values for “served”"), required=False)
    left_values = Line(N_("Values for “left the queue”"), required=False)
    no_show_values = Line(N_("Values for “called and did not come”"), required=False)

    def document(self) -> dict[str, Any]:
        """What was filled in, as a mapping. Values of the outcome that are not named are left
        out."""
        document: dict[str, Any] = {
            "format": 1,
            "file": {"delimiter": self.delimiter.data, "encoding": self.file.data},
            "time_zone": self.time_zone.data,
            "reference": {"columns": _listed(self.reference.data)},
            "arrived": self._moment(self.arrived.data),
            "outcome": self._outcome(),
            "service_kind": {"letter": self.service_kind.data},
        }
        if self.service_started.data:
            document["service_started"] = self._moment(self.service_started.data)
        if self.left.data:
            document["left"] = self._moment(self.left.data)
        if self.waited.data:
            form = self.waited_format.data
            document["waited"] = {"column": self.waited.data, "format": form}
        return document

    def _moment(self, column: str) -> dict[str, str]:
        return {"column": column, "format": self.arrived_format.data}

    def _outcome(self) -> dict[str, Any]:
        if not self.outcome.data:
            return {"otherwise": "served"}
        values = {
            value: meaning
            for meaning, field in _ENDS.items()
            for value in _listed(self[field].data)
        }
        return {"column": self.outcome.data, "values": values, "otherwise": "ignored"}


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
