"""The sentences of a promise, by code. What is put in stands in its basic form."""

from promises.kernel.text import N_

WORDING = {
    "say_or": N_("%(promise)s, or %(compensation)s."),
    "say_then": N_("If we break it, %(compensation)s."),
    "say_only": N_("%(promise)s."),
    "say_broken_when": N_("The promise is broken when this holds: %(when)s."),
    # what we do
    "do_answered_at": N_("We answer you"),
    "do_replied_at": N_("We reply to you"),
    "do_called_at": N_("We call you"),
    "do_your_number": N_("We call your number"),
    "do_served_at": N_("We serve you"),
    "do_service_started_at": N_("We serve you"),
    "do_restored_at": N_("The service works again"),
    "do_delivered_at": N_("You get your delivery"),
    "do_word_at": N_("You hear from us"),
    "do_other": N_("%(event)s:"),
    "when": N_("%(event)s %(when)s"),
    # from when
    "since_received_at": N_("after we received your matter"),
    "since_arrived_at": N_("after you arrive"),
    "since_joined_at": N_("after you join the queue"),
    "since_reported_at": N_("after you report it"),
    "since_ordered_at": N_("after you order"),
    "since_known_at": N_("after we know of it"),
    "since_period_start": N_("after the last word"),
    "since_other": N_("(counted from: %(name)s)"),
    # by when
    "within": N_("within %(span)s %(since)s"),
    "under": N_("in under %(span)s %(since)s"),
    "within_open": N_("within %(span)s of opening time %(since)s"),
    "under_open": N_("in under %(span)s of opening time %(since)s"),
    "end_of_same_day": N_("by the end of the same day (%(name)s)"),
    "end_of_promised_day": N_("by the end of the promised day"),
    "end_of_working_day": N_("by the end of the %(nth)s working day %(since)s"),
    "end_of_calendar_day": N_("by the end of the %(nth)s calendar day %(since)s"),
    "end_of_last_day": N_("within this time, by the end of its last day: %(span)s %(since)s"),
    "by_then": N_("by then: %(deadline)s"),
    "nth_1": N_("1st"),
    "nth_2": N_("2nd"),
    "nth_3": N_("3rd"),
    "nth_4": N_("4th"),
    "nth_5": N_("5th"),
    "nth_6": N_("6th"),
    "nth_7": N_("7th"),
    "nth_8": N_("8th"),
    "nth_9": N_("9th"),
    "nth_10": N_("10th"),
    "notice": N_("%(event)s at least %(span)s before this: %(name)s"),
    "notice_over": N_("%(event)s more than %(span)s before this: %(name)s"),
    "say_ends_too": N_("This ends the time as well, if it comes first: %(names)s."),
    # what a clock says besides
    "say_cut_off": N_(
        "What comes after %(time)s or on a closed day counts as received on the next open day."
    ),
    "say_cut_off_from": N_(
        "What comes from %(time)s on or on a closed day counts as received on the next open day."
    ),
    "say_cut_off_opening": N_(
        "What comes while closed counts as received at the next opening, what comes after %(time)s "
        "on the next open day."
    ),
    "say_cut_off_opening_from": N_(
        "What comes from %(time)s on counts as received on the next open day, what comes while "
        "closed before that at the next opening."
    ),
    "say_receipt_next_open_day": N_(
        "What comes on a closed day counts as received on the next open day."
    ),
    "say_receipt_next_opening": N_(
        "What comes while closed counts as received at the next opening."
    ),
    "say_roll_next_open_day": N_("If the last day is closed, the next open day is still in time."),
    "say_roll_previous_open_day": N_(
        "If the last day is closed, the open day before it is the last one."
    ),
    "say_calendar": N_("Open days and hours: %(calendar)s."),
    "say_branch": N_("Open days and hours are those of the branch."),
    "say_pauses": N_("This time does not count: %(pauses)s."),
    "say_pauses_for": N_("This time does not count: %(pauses)s, for these reasons: %(reasons)s."),
    "say_whole_down": N_("Only whole units count: %(unit)s."),
    "say_whole_up": N_("A unit that has begun counts as whole: %(unit)s."),
    # what we give
    "give_money": N_("we pay you %(amount)s"),
    "give_voucher": N_("you get a voucher worth %(amount)s"),
    "give_bill_credit": N_("we take %(amount)s off your bill"),
    "give_fee_waiver": N_("you pay no fee"),
    "give_expense": N_("we pay your expenses, %(amount)s"),
    "give_goods": N_("you get goods worth %(amount)s"),
    "give_apology": N_("we apologise"),
    "give_right_to_cancel": N_("you may cancel"),
    "give_a_day_begun": N_("we pay you %(amount)s for each day that begins"),
    "give_a_day_completed": N_("we pay you %(amount)s for each full day"),
    "give_an_hour_begun": N_("we pay you %(amount)s for each hour that begins"),
    "give_an_hour_completed": N_("we pay you %(amount)s for each full hour"),
    "give_a_week_begun": N_("we pay you %(amount)s for each week that begins"),
    "give_a_week_completed": N_("we pay you %(amount)s for each full week"),
    "share_of": N_("%(percent)s %% of the amount “%(of)s”"),
    "amount_of": N_("the amount “%(of)s”"),
    "say_amount": N_("If we break the promise, you get (%(kind)s): %(amount)s."),
    "say_worth": N_("Its worth: %(amount)s."),
    "say_table": N_("If we break the promise, you get (%(kind)s) by this table, %(of)s: %(rows)s."),
    "say_otherwise": N_("In all other cases: %(amount)s."),
    "say_nothing": N_("No money is paid."),
    "say_choice": N_("If we break the promise, you choose: %(options)s."),
    "say_no_choice": N_("Without a choice you get: %(kind)s."),
    "from_low": N_("at least %(edge)s"),
    "over_low": N_("more than %(edge)s"),
    "under_high": N_("under %(edge)s"),
    "to_high": N_("at most %(edge)s"),
    # what becomes of the amount
    "say_steps": N_("The amount then goes through these steps in order: %(steps)s."),
    "do_round_up": N_("rounded up to a multiple of %(limit)s"),
    "do_round_down": N_("rounded down to a multiple of %(limit)s"),
    "do_round_half_up": N_("rounded to the nearest multiple of %(limit)s, halves upwards"),
    "do_round_half_even": N_("rounded to the nearest multiple of %(limit)s, halves to even"),
    "do_unpaid_below": N_("less than %(limit)s is not paid"),
    "do_unpaid_to": N_("%(limit)s or less is not paid"),
    "do_cap": N_("at most %(limit)s"),
    "do_at_least": N_("at least %(limit)s"),
    "do_excess": N_("less your own share, %(limit)s"),
    "do_window_cap": N_("at most %(limit)s in all (%(window)s)"),
    "do_window_count": N_("at most this many times: %(limit)s (%(window)s)"),
    "do_once_per": N_("paid once only for the same: %(window)s"),
    "do_nothing_when": N_("nothing where this holds: %(window)s"),
    # the rest
    "say_scope": N_("The promise is for these cases only: %(when)s."),
    "say_unless": N_("The promise does not count in these cases: %(cases)s."),
    "company_proves": N_("the company has to prove it"),
    "customer_proves": N_("the customer has to prove it"),
    "proof": N_("shown by: %(proof)s"),
    "say_default": N_("Where nothing else is known: %(facts)s."),
    "say_on_request": N_("You get it when you ask for it."),
    "say_automatic": N_("It comes without your asking."),
    "say_claim_from": N_("The first time to ask for it: %(at)s."),
    "say_claim_until": N_("The last time to ask for it: %(at)s."),
    "say_claimed_at": N_("The time at which you asked: %(at)s."),
    "say_pay": N_("We pay at the latest: %(at)s."),
    "say_paid_at": N_("The time at which we paid: %(at)s."),
    "say_penalty": N_("If we pay too late, you get this on top: %(amount)s."),
    "say_rows": N_("By the date of %(by)s: %(rows)s."),
    "say_recurring": N_(
        "The promise comes due again and again, counted from %(start)s and then from each word or "
        "missed deadline (%(word)s), at most this many times: %(most)s."
    ),
    "say_recurring_ends": N_("It ends with: %(ends)s."),
    "say_meaning": N_("Here “%(name)s” means: %(what)s."),
}
