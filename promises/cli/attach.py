"""Lets every `flask …` command find the embedded server: the one of `make run`, or its own."""

import atexit
import threading
from contextlib import ExitStack

from sqlalchemy import event
from sqlalchemy.engine import Engine

from config import Config
from promises.db.embedded import EmbeddedServer, running


def attach_when_needed(config: Config) -> None:
    """At the first connection of this process, start the embedded server where none runs; it stops
    with the process. Commands that need no database start none. Nothing with DATABASE_URL set."""
    if not config.embedded:
        return
    stack = ExitStack()
    atexit.register(stack.close)
    waiting = [config.postgres_dir]

    def attach(*_: object) -> None:
        # Only the main thread: the server would end with any other.
        if waiting and threading.current_thread() is threading.main_thread():
            data_dir = waiting.pop()
            if not EmbeddedServer(data_dir).reachable():
                stack.enter_context(running(data_dir))

    event.listen(Engine, "do_connect", attach)
