"""The words of the editor: what each blank asks, what its options mean, what stands unasked.

The names are those of the templates' files.
"""

from promises.kernel.text import N_

LABELS = {
    "limit": N_("Within how long"),
    "amount": N_("What we pay if we break it"),
    "boundary": N_("The limit itself"),
    "calendar": N_("Whose opening hours count"),
    "cut_off": N_("What comes in after this time counts as the next open day"),
    "receipt": N_("What comes in on a closed day"),
    "roll": N_("If the promised day is a closed day"),
    "every": N_("How often at the latest"),
    "most_times": N_("At most this many times for one matter"),
    "late_limit": N_("How late it may begin"),
    "notice": N_("How long before we say it"),
    "amount_day": N_("What we pay for each day that is too late"),
    "pay_within": N_("We pay within"),
    "outage_from": N_("From how long an outage on we pay"),
    "share_1": N_("The first step: share of the price"),
    "share_2": N_("The second step: share of the price"),
    "share_3": N_("The third step: share of the price"),
    "share_4": N_("The fourth step: share of the price"),
    "share_5": N_("The fifth step: share of the price"),
    "share_6": N_("The sixth step: share of the price"),
    "cap_year": N_("At most in one calendar year"),
    "amount_week": N_("What we pay for a week of delay"),
    "cap": N_("At most altogether"),
    "periods": N_("Which weeks count"),
    "claim": N_("Does the customer have to ask?"),
    "bulk": N_("Not for orders from this many items on"),
    "closed_days": N_("Not on these days of the year"),
    "delay_from": N_("From how long a delay on we pay"),
    "delay_second": N_("From how long a delay on we pay the second step"),
    "minimum": N_("Smaller amounts than this are not paid"),
    "minimum_above": N_("This amount and smaller ones are not paid"),
    "claim_until": N_("The customer can ask within"),
    "work_longer": N_("Only for work that takes longer than"),
    "uptime": N_("The share of the month in which it works"),
    "credit_1": N_("Below that: share of the bill"),
    "credit_2": N_("Below 99 per cent: share of the bill"),
    "penalty": N_("What we add when we pay too late"),
    "amount_short": N_("What we pay for a short way"),
    "amount_middle": N_("What we pay for a middle way"),
    "amount_long": N_("What we pay for a long way"),
    "short_km": N_("A short way is at most"),
    "middle_km": N_("A middle way is at most"),
    "at_least_every": N_("At least once in"),
    "amount_first": N_("What we pay the first time"),
    "amount_further": N_("What we pay each further time"),
    "count_from": N_("How often it has to happen"),
    "within_days": N_("Within how many days"),
    "most_year": N_("At most this many payments in a year"),
    "cash_1": N_("The first step in money: share of the price"),
    "cash_2": N_("The second step in money: share of the price"),
    "voucher_1": N_("The first step as a voucher: share of the price"),
    "voucher_2": N_("The second step as a voucher: share of the price"),
    "voucher_3": N_("The third step as a voucher: share of the price"),
}

OPTIONS = {
    "inclusive": N_("Exactly the limit is still in time"),
    "exclusive": N_("Exactly the limit is already too late"),
    "notice_kept": N_("Exactly that long before is still early enough"),
    "notice_broken": N_("Exactly that long before is already too late"),
    "next_open_day": N_("It counts as received on the next open day"),
    "counts": N_("It counts as received at once"),
    "roll_next": N_("Then the next open day is in time"),
    "roll_stay": N_("The promised day stands all the same"),
    "begun": N_("Every week that has begun"),
    "completed": N_("Only full weeks"),
    "automatic": N_("No, the money comes by itself"),
    "on_request": N_("Yes, only those who ask are paid"),
}

UNITS = {
    "minute": N_("minutes"),
    "hour": N_("hours"),
    "day": N_("times 24 hours"),
    "calendar_day": N_("days"),
    "working_day": N_("working days"),
    "month": N_("months"),
    "percent": N_("%"),
    "times": N_("times"),
    "items": N_("items"),
    "km": N_("km"),
}

_LIMIT = N_("Is the limit itself still kept?")
_CLOCK = N_("Which time counts?")
_STOP = N_("What stops the clock?")
_EXCUSED = N_("What does not count?")
_CLAIM = N_("Does the customer have to ask?")
_PERIODS = N_("Which further periods count?")
_REMEDY = N_("What does the customer get?")

STATED = {
    "boundary_day": (_LIMIT, N_("Yes, until the end of the last day.")),
    "boundary_promised_day": (_LIMIT, N_("Yes, until the end of the promised day.")),
    "boundary_tiers": (_LIMIT, N_("At exactly the first step we pay already.")),
    "boundary_uptime": (_LIMIT, N_("Yes, exactly that share is kept.")),
    "boundary_count": (_LIMIT, N_("No, at exactly that number we pay.")),
    "clock_real": (_CLOCK, N_("All time, also at night and on closed days.")),
    "clock_calendar_days": (_CLOCK, N_("Days of the calendar, closed days too.")),
    "whole_minutes": (_CLOCK, N_("Full minutes; a minute that has begun does not count.")),
    "months_clamp": (
        _CLOCK,
        N_("Months to the same day; where a month is shorter, to its last day."),
    ),
    "receipt_next": (
        N_("When does a matter count as received?"),
        N_("On the day when it comes in; on a closed day, on the next open one."),
    ),
    "stop_service": (_STOP, N_("The start of the service. Staff or the call next mark it.")),
    "stop_called": (_STOP, N_("The call of the number.")),
    "stop_answered": (_STOP, N_("The answer to the customer, which staff log.")),
    "stop_told": (_STOP, N_("Word to the customer, which staff log, until the answer is there.")),
    "stop_called_back": (_STOP, N_("Our call, which staff log.")),
    "stop_restored": (_STOP, N_("The moment at which it works again.")),
    "stop_delivered": (_STOP, N_("The delivery at the door.")),
    "stop_came": (_STOP, N_("Our coming to the customer.")),
    "exclusions_none": (_EXCUSED, N_("Nothing is excused.")),
    "exclusions_listed": (_EXCUSED, N_("Only what the terms name.")),
    "exclusion_emergency": (
        _EXCUSED,
        N_("An emergency elsewhere takes the case out; we have to show it."),
    ),
    "exclusion_customer_cancelled": (
        _EXCUSED,
        N_("A time that the customer cancelled; we have to show it."),
    ),
    "exclusion_customer_equipment": (
        _EXCUSED,
        N_(
            "A fault in the customer’s own equipment; we have to show it. Days without access are "
            "taken off."
        ),
    ),
    "exclusion_force_majeure": (
        _EXCUSED,
        N_("What nobody could have prevented; we have to show it."),
    ),
    "exclusion_extraordinary": (
        _EXCUSED,
        N_("Extraordinary circumstances; we have to show them."),
    ),
    "claim_automatic": (_CLAIM, N_("No, the money comes by itself.")),
    "periods_repair": (
        _PERIODS,
        N_("Each day after the limit until the repair, the day of the repair not."),
    ),
    "periods_completed": (_PERIODS, N_("Only full ones.")),
    "rounding_cent": (
        N_("How are amounts rounded?"),
        N_("To the smallest coin, halves upwards, before smallest and largest amounts count."),
    ),
    "year_calendar": (
        N_("Which year counts for the ceiling?"),
        N_("The calendar year in which the case began."),
    ),
    "year_april": (
        N_("Which year counts for the ceiling?"),
        N_("The year from April to March in which the case happened."),
    ),
    "remedy_apology": (_REMEDY, N_("An apology with the reason, no money.")),
    "remedy_bill": (_REMEDY, N_("A credit on the next bill.")),
    "choice_first": (_REMEDY, N_("What the customer chooses; without a choice, money.")),
    "accrue_end": (
        N_("Is a case that goes on paid in parts?"),
        N_("No, once, when it is over."),
    ),
    "version_begun": (
        N_("Which version of the promise counts?"),
        N_("The one in force when the case began."),
    ),
    "incident_each": (
        N_("What if one case breaks several promises?"),
        N_("Each of them pays. A ceiling for one case limits the sum."),
    ),
}

NOTES = {
    "told": N_("The model of this product; no public source was found."),
    "pledge": N_("No scheme with this number was found in print."),
}
