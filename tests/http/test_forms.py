"""Fields keep what was typed, tidy it, and say kindly what is wrong."""

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import SelectField
from wtforms.validators import NumberRange

from promises.http.forms import Form, Line, Text, WholeNumber, one_id, options
from promises.kernel.errors import Conflict, FieldProblem, Refused
from promises.kernel.ids import new_id


class Sample(Form):
    name = Line("Name", longest=10)
    story = Text("Story", required=False)
    count = WholeNumber("Count", [NumberRange(1, 5000)])
    pick = SelectField("Pick", choices=options([("a", "A"), ("b", "B")]))


@pytest.fixture(autouse=True)
def request_context(app):
    with app.test_request_context("/?lang=en", method="POST"):
        yield


def filled(**changes):
    values = {"name": "Aino", "story": "", "count": "3", "pick": "a"} | changes
    return Sample(MultiDict(values))


def test_lines_are_tidied():
    form = filled(name="  A\u0308iti ", story="one\r\ntwo\rthree", count="1\u00a0234")
    assert form.validate()
    assert (form.name.data, form.story.data, form.count.data) == ("Äiti", "one\ntwo\nthree", 1234)


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"name": ""}, "name", "This is missing."),
        ({"name": "x" * 11}, "name", "Keep this to 10 characters."),
        ({"name": "a\x00b"}, "name", "cannot be printed"),
        ({"name": "a\nb"}, "name", "cannot be printed"),
        ({"name": "a\ud800b"}, "name", "cannot be printed"),
        ({"story": "a\x07b"}, "story", "cannot be printed"),
        ({"count": "three"}, "count", "Give a whole number."),
        ({"count": "3.5"}, "count", "Give a whole number."),
        ({"count": "٣"}, "count", "Give a whole number."),
        ({"count": "9" * 400}, "count", "Give a whole number."),
        ({"count": "-1"}, "count", "Give a number between 1 and 5000."),
        ({"pick": "c"}, "pick", "Choose one of these."),
        ({"pick": "a\x00"}, "pick", "cannot be printed"),
    ],
)
def test_each_problem_is_named_at_its_field(changes, field, says):
    form = filled(**changes)
    assert not form.validate()
    assert list(form.errors) == [field]
    assert says in " ".join(form.errors[field])


def test_a_story_may_have_lines_and_tabs():
    assert filled(story="one\n\ttwo").validate()


def test_a_refusal_of_a_room_lands_at_its_field_or_above_the_form():
    form = filled()
    assert form.validate()
    form.refuse(Refused([FieldProblem("/name/fi", "Too short"), FieldProblem("other", "Odd")]))
    assert form.name.errors == ["Too short"]
    assert form.form_errors == ["Odd"]
    form.refuse(Conflict())
    assert form.form_errors[-1] == "Somebody changed this meanwhile."


def test_an_id_that_was_not_chosen_is_none():
    some = new_id()
    assert one_id(str(some)) == some
    assert one_id("") is None
    assert one_id(None) is None


def test_texts_come_in_the_readers_language(app):
    from promises.kernel.text import translate

    with app.test_request_context("/?lang=fi", method="POST"):
        form = filled(name="")
        assert not form.validate()
        assert form.name.errors == [translate("fi", "This is missing.")]
