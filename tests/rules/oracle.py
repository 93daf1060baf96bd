"""The judgement once more, slow and naive: it walks through a log of events in the order of time.

It reads the raw document and whole microseconds, and shares no code with the engine.
"""

RANK = ["called", "service_started", "left", "closed"]  # what happens first within one microsecond


def judge_naively(document, ticket, now):
    """`ticket`: kind, service, branch, log of (event, microsecond), measured microseconds or None.
    Returns state, reason, and the microseconds waited, or None."""
    outside = out_of_scope(document["scope"], ticket)
    if outside:
        return "not_applicable", outside, None
    arrivals = [at for event, at in ticket["log"] if event == "arrived"]
    if not arrivals:
        return "not_applicable", "no_arrival", None
    start = min(arrivals)
    how, end = walk(document["measure"]["to"], ticket["log"])
    if how is None:
        if too_long(document["limit"], now - start):
            return "broken", "deadline_passed", None
        return "open", "waiting", None
    waited = end - start if ticket["measured"] is None else ticket["measured"]
    late = too_long(document["limit"], waited)
    return (*decide(how, late, document["leavers"]["before_limit"]), waited)


def out_of_scope(scope, ticket):
    if ticket["kind"] not in scope["ticket_kinds"]:
        return "other_ticket_kind"
    if scope.get("service_kinds") and ticket["service"] not in scope["service_kinds"]:
        return "other_service_kind"
    if scope.get("branches") and ticket["branch"] not in scope["branches"]:
        return "other_branch"
    return None


def too_long(limit, microseconds):
    allowed = limit["seconds"] * 1_000_000
    return microseconds > allowed if limit["boundary"] == "inclusive" else microseconds >= allowed


def decide(how, late, before_limit):
    if how == "reached":
        return ("broken", "too_late") if late else ("kept", "in_time")
    if how == "no_show":
        return ("broken", "no_show_after_limit") if late else ("excluded", "no_show")
    return ("broken", f"{how}_after_limit") if late else (before_limit, f"{how}_before_limit")


def walk(target, log):
    """How the wait ended and when, by going through the log."""
    steps = sorted((at, RANK.index(event), event) for event, at in log if event in RANK)
    was_served = any(event == "service_started" for _, _, event in steps)
    hall_empty = False
    called_at = None
    for at, _, event in steps:
        if event == "service_started":
            return "reached", at
        if event == "called" and called_at is None and (was_served or not hall_empty):
            called_at = at
            if target == "called":
                return "reached", at
        if event in ("left", "closed"):
            hall_empty = True
    if called_at is not None and any(event == "no_show" for event, _ in log):
        return "no_show", called_at
    for at, _, event in steps:
        if event in ("left", "closed"):
            return event, at
    return None, None
