"""Calls that end: the limits of a socket are for each piece that comes, so that an answer which
comes drop by drop would hold a worker, and its claim, for as long as somebody likes."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

_call = threading.local()


class _Call:
    """One call of this thread, and the connection that it is made on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: HTTPConnection | None = None
        self._late = False

    def goes_by(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._connection = connection
            if self._late:
                raise TimeoutError

    def hang_up(self) -> None:
        """From another thread: whoever waits for the answer is told that there is none."""
        with self._lock:
            self._late = True
            taken = None if self._connection is None else self._connection.sock
            if taken is not None:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(taken, socket.SHUT_RDWR)

    def is_over(self) -> None:
        """The connection may serve another call from here on."""
        with self._lock:
            self._connection = None


@contextlib.contextmanager
def within(longest_s: float) -> Iterator[None]:
    """What is asked inside has its whole answer by then, or none."""
    call = _Call()
    timer = threading.Timer(longest_s, call.hang_up)
    timer.daemon = True
    _call.now = call
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        call.is_over()
        _call.now = None


class _Noted(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        call = getattr(_call, "now", None)
        if call is not None:
            call.goes_by(self)
        super().request(*args, **kwargs)


class _Secure(_Noted, HTTPSConnection):
    pass


_OURS: dict[Any, Any] = {HTTPConnection: _Noted, HTTPSConnection: _Secure}


class NotedAdapter(HTTPAdapter):
    """Its connections can be hung up by `within`."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _OURS.get(pool.ConnectionCls, pool.ConnectionCls)
        return pool
