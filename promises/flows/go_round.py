"""What is looked after in each organisation, besides deadlines and money: most of it every minute.

A duty is safe to repeat at any time, cheap where there is nothing to do, and may run in two workers
at once.
"""

from collections.abc import Callable

from promises.db.session import UnitOfWork
from promises.flows.ask_staff import ask_staff
from promises.flows.choose_payout import carry_out_due, pay_without_choice
from promises.flows.count_days import count_days
from promises.flows.decide_compensation import let_holds_lapse
from promises.flows.mind_ceilings import tell_full_ceilings, try_after_raise
from promises.flows.mind_runs import tidy_runs, watch_silence
from promises.flows.money_incidents import tell_incidents
from promises.flows.pause_promise import tell_screens_of_pauses
from promises.flows.pay_late import owe_for_paying_late
from promises.flows.provider_events import forget_events, handle_events
from promises.flows.purge_bank_details import purge_bank_details
from promises.flows.raise_problems import raise_problems
from promises.flows.reconcile_rails import plan_reconciliations
from promises.flows.remind_actions import remind_actions
from promises.flows.remind_decisions import remind_decisions
from promises.flows.rescue import tidy_rescue
from promises.flows.review_promise import remind_reviews
from promises.flows.settle_feedback import settle_feedback
from promises.flows.shadow_judge import judge_shadows
from promises.flows.tell_money import remind_vouchers
from promises.flows.tell_subscribers import tell_subscribers
from promises.flows.watch_budgets import watch_budgets
from promises.flows.watch_hands import watch_hands

Duty = Callable[[UnitOfWork], object]

ROUND: tuple[Duty, ...] = (
    remind_decisions,
    tell_screens_of_pauses,
    tidy_rescue,
    settle_feedback,
    raise_problems,
    watch_budgets,
    let_holds_lapse,
    try_after_raise,
    tell_full_ceilings,
    owe_for_paying_late,
    judge_shadows,
    tell_subscribers,
    count_days,
    handle_events,
    tell_incidents,
    carry_out_due,
    watch_silence,
)

HOURLY: tuple[Duty, ...] = (
    ask_staff,
    remind_actions,
    remind_reviews,
    plan_reconciliations,
    pay_without_choice,
    remind_vouchers,
    purge_bank_details,
    tidy_runs,
    watch_hands,
    forget_events,
)
"""What goes by days: nobody misses it within the hour."""
