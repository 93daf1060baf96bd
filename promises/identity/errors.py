"""What identity refuses."""

from promises.kernel.errors import Conflict, DomainError, Forbidden, Gone, NotSignedIn
from promises.kernel.text import N_


class SlugTaken(Conflict):
    code = "slug_taken"
    message = N_("The address name “%(slug)s” is in use already. Choose another one.")


class NameTaken(Conflict):
    code = "name_taken"
    message = N_("“%(name)s” is in use already. Choose another name.")


class LetterTaken(Conflict):
    code = "letter_taken"
    message = N_("The letter %(letter)s is in use already. Choose another one.")


class EmailTaken(Conflict):
    code = "email_taken"
    message = N_("Somebody with this e-mail address is here already.")


class CalendarUnknown(DomainError):
    code = "calendar_unknown"
    message = N_("There is no calendar named “%(name)s” here.")


class HoursChanged(Conflict):
    """The opening hours have a newer version than the one that the change was made on."""

    code = "hours_changed"
    message = N_(
        "Somebody saved other opening hours meanwhile. Look at what is there now and save again "
        "if you still want this change."
    )


class StillInUse(Conflict):
    code = "still_in_use"
    message = N_("“%(name)s” is still in use, so it stays open.")


class WrongCredentials(NotSignedIn):
    """The same for an unknown address, a wrong password and somebody who may not come in."""

    code = "wrong_credentials"
    message = N_("The e-mail address or the password is not right. Check both and try again.")


class LinkExpired(Gone):
    code = "link_expired"
    message = N_("This link was used already or is too old. Ask for a new one.")


class CodeUnknown(DomainError):
    code = "code_unknown"
    status = 422
    message = N_("This code is not known, was used already or is too old. Ask for a new one.")


class FactorRefused(DomainError):
    """The same for a wrong code, one that was used and one of somebody without an app."""

    code = "factor_refused"
    status = 422
    message = N_("This code is not right, or it was used already. Wait for the next one.")


class PasskeyRefused(DomainError):
    code = "passkey_refused"
    status = 422
    message = N_("The passkey was not accepted. Try again, or use another way.")


class TooManyPasskeys(Conflict):
    code = "too_many_passkeys"
    message = N_("There are %(most)s passkeys already. Remove one that you no longer use.")


class CeremonyOver(Gone):
    code = "ceremony_over"
    message = N_("This took too long, or was done already. Start again.")


class LastAdministrator(Conflict):
    code = "last_administrator"
    message = N_("This is the only administrator. Make somebody else an administrator first.")


class NotOneself(Forbidden):
    code = "not_oneself"
    message = N_("Somebody else has to do this for you.")


class MemberNotActive(Conflict):
    code = "member_not_active"
    message = N_("This person is not active here.")


class AlreadyErased(Gone):
    code = "already_erased"
    message = N_("This was erased.")


class DeviceNotEnrolled(Forbidden):
    code = "device_not_enrolled"
    message = N_("This device is not in use here yet. Enter its code first.")


class DemoMovesNoMoney(Conflict):
    code = "demo_moves_no_money"
    message = N_("A demonstration stays in test mode.")
