"""What the purse refuses."""

from promises.kernel.errors import Conflict, DomainError, Forbidden
from promises.kernel.text import N_


class GoodwillOff(Forbidden):
    code = "goodwill_off"
    message = N_("Your organisation has no purse for goodwill.")


class PurseEmpty(Conflict):
    code = "purse_empty"
    message = N_("The branch's purse of this month has not so much left.")


class GiftTooLarge(DomainError):
    code = "gift_too_large"
    message = N_("Give between the smallest coin and what the purse holds in a month.")


class NobodyThere(Conflict):
    code = "nobody_there"
    message = N_("Nobody is known to have been here with this number, so nothing can be given.")


class GiftToOneself(Forbidden):
    code = "gift_to_oneself"
    message = N_("This customer has your own address. Somebody else has to decide.")


class GiftDecided(Conflict):
    code = "gift_decided"
    message = N_("This gift does not wait any more.")


class OwnGift(Forbidden):
    code = "own_gift"
    message = N_("You took part in this case yourself. Somebody else has to decide about the gift.")


class TooLateToTakeBack(Conflict):
    code = "too_late_to_take_back"
    message = N_("The voucher is on its way already.")
