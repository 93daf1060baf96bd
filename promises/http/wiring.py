"""What app.py, which alone knows all rooms, hands to the commands."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app

from config import Config
from promises.payouts.rails.base import Rails

EXTENSION = "lupaus"


@dataclass(frozen=True)
class Wiring:
    """`make_worker_app` builds the service as the worker's database role."""

    config: Config
    make_worker_app: Callable[[], Flask]
    rails: Rails


def wiring() -> Wiring:
    """Of the present application."""
    found: Wiring = current_app.extensions[EXTENSION]
    return found
