"""What the payouts room refuses."""

from promises.kernel.errors import Conflict, DomainError, Forbidden, Gone, NotFound
from promises.kernel.text import N_


class NoSuchVoucher(NotFound):
    code = "no_such_voucher"
    message = N_("No voucher has this code. Check the characters and try again.")


class AlreadyRedeemed(Conflict):
    code = "already_redeemed"
    message = N_("This voucher was redeemed on %(redeemed_at)s.")


class VoucherExpired(Gone):
    code = "voucher_expired"
    message = N_("This voucher expired on %(expires_at)s.")


class VoucherNotActive(Conflict):
    code = "voucher_not_active"
    message = N_("This voucher can no longer be used.")


class ReissueReasonMissing(DomainError):
    code = "reissue_reason_missing"
    message = N_("Write why the voucher is issued again.")


class OtherMode(Conflict):
    """A rail of test mode where real money moves, or the other way round."""

    code = "other_money_mode"
    message = N_(
        "This way of paying was set up for the other mode of money. Enter its keys again for the "
        "mode that holds now."
    )


class WrongModeKey(DomainError):
    code = "wrong_mode_key"
    message = N_("This key is of the other mode: test keys are for test mode, live keys for live.")


class MoneyUnderWay(Conflict):
    code = "money_under_way"
    message = N_(
        "Some payouts are still under way in the present mode. Wait until they have arrived or "
        "failed, then change the mode."
    )


class MoneyWaiting(Conflict):
    """Payouts of the mode that ends would go out in the other one."""

    code = "money_waiting"
    message = N_(
        "Some payouts of the present mode still wait to go out, and would go out in the other one. "
        "Let them go out first, or choose a voucher for them, then change the mode."
    )


class RailNotReady(DomainError):
    code = "rail_not_ready"
    message = N_("Enter what this way of paying needs first.")


class WayNotOffered(Conflict):
    code = "way_not_offered"
    message = N_("The money cannot go that way now. Choose another one.")


class BeingPaid(Conflict):
    code = "being_paid"
    message = N_("A voucher is being made this moment. Try again in a minute.")


class OwnAccount(Forbidden):
    """Whoever types bank details at the desk is not the one who is paid."""

    code = "own_account"
    message = N_("This looks like a case or an account of your own. A colleague has to do it.")


class NotUnderReview(Conflict):
    code = "not_under_review"
    message = N_("Somebody has settled this payout meanwhile.")


class OtherAmountPaid(Conflict):
    """The books would say this payout's amount, which is not what the customer got."""

    code = "other_amount_paid"
    message = N_(
        "A payment of another amount was found. Settle the difference first, or have that payment "
        "taken back, and close its own incident. Then say what became of this payout."
    )


class ReviewOwnApproval(Forbidden):
    code = "review_own_approval"
    message = N_("You approved this compensation. Somebody else has to say what became of it.")


class EvidenceMissing(DomainError):
    code = "evidence_missing"
    message = N_("Write what you saw, and where, so that others can check it.")


class NoteMissing(DomainError):
    code = "note_missing"
    message = N_("Write what you found out.")


class IncidentClosed(Conflict):
    code = "incident_closed"
    message = N_("Somebody has closed this already.")


class StillPaused(Conflict):
    code = "still_paused"
    message = N_(
        "Nothing goes out this way yet. An administrator tests its connection in the settings. "
        "Once it works, this closes by itself."
    )


class DecideThePayout(Conflict):
    code = "decide_the_payout"
    message = N_("Say whether the payout was paid. That closes this.")
