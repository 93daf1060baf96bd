"""How the processes log: one line an event, a static name first, values as fields."""

import logging
import sys

import structlog


def configure_logs(level: int = logging.INFO) -> None:
    """To standard error, in the form key=value. Safe to repeat.

    Tracebacks come without the values of variables, which may be secrets or personal data.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(
                key_order=["timestamp", "level", "event"], repr_native_str=False
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
