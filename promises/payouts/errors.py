"""What the payouts room refuses."""

from promises.kernel.errors import Conflict, DomainError, Gone, NotFound
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
