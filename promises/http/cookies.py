"""Our cookies. Behind HTTPS their names begin with `__Host-`, so that no other host can set them.

Without HTTPS (one machine) the name carries a mark of the installation: two checkouts on one host
share their cookies, whatever their ports.
"""

import hashlib

from flask import Flask, current_app
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from werkzeug.wrappers import Response

from config import Config

_DEVICE_SECONDS = 5 * 365 * 24 * 3600
_KNOWN_SECONDS = 365 * 24 * 3600


class FormCookies(SecureCookieSessionInterface):
    """Flask's cookie of forms and notes; its signer is built once, not for every request."""

    _signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer


def init_app(app: Flask, config: Config) -> None:
    app.session_interface = FormCookies()
    mark = hashlib.sha256(b"cookies" + config.secret_key).hexdigest()[:8]
    secure = config.cookie_secure
    prefix = "__Host-lupaus" if secure else f"lupaus-{mark}"
    app.config.update(
        LUPAUS_COOKIES=prefix,
        SESSION_COOKIE_NAME=f"{prefix}-form",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
    )


def session_cookie() -> str:
    return f"{current_app.config['LUPAUS_COOKIES']}-staff"


def device_cookie() -> str:
    return f"{current_app.config['LUPAUS_COOKIES']}-device"


def known_cookie() -> str:
    """Marks a browser in which somebody has signed in before, see flows.sign_in."""
    return f"{current_app.config['LUPAUS_COOKIES']}-known"


def set_session(response: Response, token: str) -> None:
    """Ends with the browser; how long the sign-in lasts is decided on the server."""
    _set(response, session_cookie(), token, None)


def set_device(response: Response, token: str) -> None:
    _set(response, device_cookie(), token, _DEVICE_SECONDS)


def set_known(response: Response, token: str) -> None:
    _set(response, known_cookie(), token, _KNOWN_SECONDS)


def drop(response: Response, name: str) -> None:
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="Lax")


def _set(response: Response, name: str, value: str, max_age: int | None) -> None:
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path="/",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
