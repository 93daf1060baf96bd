"""What is refused about answers, files of answers and the question to staff."""

from promises.kernel.errors import Conflict, Gone, NotFound
from promises.kernel.text import N_


class AnswerSettled(Gone):
    code = "answer_settled"
    message = N_("Thank you, we have your answer. It can be changed for an hour only.")


class NotAsked(Conflict):
    code = "not_asked"
    message = N_("We ask nothing about this now.")


class NoSuchText(NotFound):
    code = "no_such_text"
    message = N_("There is no such answer.")


class TextTaken(Conflict):
    code = "text_taken"
    message = N_("A colleague was first: this answer was dealt with.")


class NoSuchFile(NotFound):
    code = "no_such_file"
    message = N_("There is no such file.")


class FileTaken(Conflict):
    code = "file_taken"
    message = N_("This file was taken in or dropped already.")


class NoSuchSurvey(NotFound):
    code = "no_such_survey"


class SurveyClosed(Gone):
    code = "survey_closed"
    message = N_("This round is over.")


class SurveyAnswered(Conflict):
    code = "survey_answered"
    message = N_("You have answered already. Nobody can see what, so it cannot be changed.")
