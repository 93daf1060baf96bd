import structlog

from promises.http.logs import configure_logs


def test_lines_name_the_event_and_tracebacks_hold_no_values(capsys):
    configure_logs()
    log = structlog.get_logger()
    secret = "hunter2"
    log.info("breach_recorded", count=3)
    try:
        raise ValueError(len(secret))
    except ValueError:
        log.exception("sweep_failed")
    log.debug("not_shown")
    said = capsys.readouterr().err
    assert "level=info event=breach_recorded count=3" in said
    assert "ValueError: 7" in said
    assert "hunter2" not in said.replace('secret = "hunter2"', "")
    assert "not_shown" not in said
