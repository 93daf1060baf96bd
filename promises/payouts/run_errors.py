"""What is refused about files of payouts, and about what banks answer to them."""

from promises.kernel.errors import Conflict, DomainError
from promises.kernel.text import N_, Message


class FileNotReadable(DomainError):
    """`problem` is a whole sentence, as a message id."""

    code = "bank_file_not_readable"

    def __init__(self, problem: str) -> None:
        super().__init__()
        self.problem = problem

    @property
    def text(self) -> Message:
        return Message(self.problem, {})


class NothingToPay(Conflict):
    code = "nothing_to_pay"
    message = N_("No payout waits for this way of paying.")


class RailNotInUse(Conflict):
    code = "rail_not_in_use"
    message = N_("This way of paying is not in use. An administrator can set it up.")


class RunHasMoved(Conflict):
    code = "run_has_moved"
    message = N_("Somebody has released or cancelled this run meanwhile.")


class RunTooLate(Conflict):
    code = "run_too_late"
    message = N_("The day on which this file was to be paid is over. Cancel it and make another.")


class NotOwedAnyMore(Conflict):
    code = "not_owed_any_more"
    message = N_(
        "A broken promise behind a payment of this file was annulled. Cancel the file and make "
        "another: that payment stays out of it."
    )


class OtherFile(DomainError):
    code = "other_file"
    message = N_("These are not the first eight characters of this file's check sum.")


class SecondPersonNeeded(Conflict):
    code = "second_person_needed"
    message = N_("Somebody else has to do this: you had a hand in one of these payouts.")


class AnswerOfOwnRun(DomainError):
    """Whoever made, released or fetched a payment file does not say that it came to nothing."""

    code = "answer_of_own_run"
    message = N_("Somebody who had no hand in this payment file has to bring the bank's answer.")


class FileNoLongerKept(Conflict):
    code = "file_no_longer_kept"
    message = N_("This file is no longer kept: all its payouts were settled long ago.")


class NotAPayoutByHand(Conflict):
    code = "not_a_payout_by_hand"
    message = N_("This payout does not wait to be paid by hand.")


class NotPaidByHand(Conflict):
    code = "not_paid_by_hand"
    message = N_("This payout was not paid by hand, or it has come back already.")


class ReturnDayWrong(DomainError):
    """Before there was anything to pay, or a day that has not come yet."""

    code = "return_day_wrong"
    message = N_("Give a day between the one on which the payout was prepared and today.")


class ReturnProofMissing(DomainError):
    code = "return_proof_missing"
    message = N_("Write what shows that the money came back, such as the number of its booking.")


class ReceiptMissing(DomainError):
    code = "receipt_missing"
    message = N_("Write what proves the payment, such as the number of the receipt.")
