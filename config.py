"""Every setting of the service, read once from the environment.

With no settings at all the service runs on its own embedded server, for one machine and one
person who tries it. DATABASE_URL makes it a production service and then nothing is guessed:
what is missing or misspelt stops the start.
"""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from promises.db import roles
from promises.db.embedded import embedded_url

PROJECT = Path(__file__).resolve().parent
SHORTEST_SECRET = 32
DEFAULT_PORT = 8000
ADDRESS_FILE = "address"

KNOWN = {
    "LUPAUS_SECRET_KEY": "at least 32 bytes; signs cookies and derives codes",
    "LUPAUS_OTHER_SECRET_KEY": "while keys change: a second one that opens, but never seals",
    "LUPAUS_DATA_DIR": "folder of the embedded server and of what is generated (.data)",
    "LUPAUS_BASE_URL": "the address customers use, such as https://promises.example",
    "LUPAUS_PORT": "first port that `make run` tries (8000)",
    "LUPAUS_SMTP_URL": "smtp://user:password@host:587?starttls=1 or smtps://user:password@host:465",
    "LUPAUS_MAIL_FROM": "sender of our mail",
    "LUPAUS_COOKIE_SECURE": "1 or 0; by default 1 where LUPAUS_BASE_URL is https",
    "LUPAUS_TRUSTED_PROXIES": "how many proxies in front add X-Forwarded-For (0)",
    "LUPAUS_DEMO": "1 or 0; demo sign-ins, on the embedded server only (1 there)",
    "LUPAUS_PG_BIN": "folder of PostgreSQL's programs for the embedded server",
    "LUPAUS_STRIPE_URL": "a Stripe for tests on this machine, such as http://127.0.0.1:12111; "
    "takes test keys only",
}
YES_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class ConfigError(ValueError):
    """The environment does not describe a service that may start; names what to change."""


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over. `security` is plain, starttls or tls."""

    host: str
    port: int
    security: str = "plain"
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Config:
    """All settings. The three URLs are SQLAlchemy's: for pages, worker and migrations."""

    app_url: str = field(repr=False)
    worker_url: str = field(repr=False)
    migration_url: str = field(repr=False)
    embedded: bool
    data_dir: Path
    secret_key: bytes = field(repr=False)
    base_url: str
    port: int = DEFAULT_PORT
    mail: MailServer | None = None
    mail_from: str = "lupaus@localhost"
    cookie_secure: bool = False
    trusted_proxies: int = 0
    demo: bool = False
    stripe_url: str | None = None
    other_secret_key: bytes | None = field(default=None, repr=False)

    @property
    def app_role(self) -> str:
        """The database role of pages and API: what migrations grant to."""
        return _role(self.app_url)

    @property
    def worker_role(self) -> str:
        return _role(self.worker_url)

    @property
    def postgres_dir(self) -> Path:
        """The embedded server's data folder."""
        return self.data_dir / "postgres"


def load_config(environ: Mapping[str, str] | None = None) -> Config:
    """The settings in `environ` (default: the process's). Raises ConfigError.

    For the embedded server a missing secret key is made and kept in the data folder.
    """
    settings = _present(os.environ if environ is None else environ)
    data_dir = Path(settings.get("LUPAUS_DATA_DIR") or PROJECT / ".data").resolve()
    embedded = "DATABASE_URL" not in settings
    urls = _embedded_urls(settings, data_dir) if embedded else _given_urls(settings)
    port = _number(settings, "LUPAUS_PORT", DEFAULT_PORT, highest=65535)
    base_url = _base_url(settings, embedded, data_dir, port)
    secret_key = _secret_key(settings, embedded, data_dir)
    mail = _mail(settings)
    if mail and not embedded and "LUPAUS_MAIL_FROM" not in settings:
        raise ConfigError("LUPAUS_MAIL_FROM is needed beside LUPAUS_SMTP_URL.")
    return Config(
        *urls,
        embedded=embedded,
        data_dir=data_dir,
        secret_key=secret_key,
        base_url=base_url,
        port=port,
        mail=mail,
        mail_from=settings.get("LUPAUS_MAIL_FROM", "lupaus@localhost"),
        cookie_secure=_switch(settings, "LUPAUS_COOKIE_SECURE", base_url.startswith("https:")),
        trusted_proxies=_number(settings, "LUPAUS_TRUSTED_PROXIES", 0, highest=10),
        demo=_demo(settings, embedded),
        stripe_url=_stripe_url(settings),
        other_secret_key=_other_secret_key(settings, secret_key),
    )


def _present(environ: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(n for n in environ if n.startswith("LUPAUS_") and n not in KNOWN)
    if unknown:
        raise ConfigError(
            f"Unknown setting: {', '.join(unknown)}. The settings are: {', '.join(sorted(KNOWN))}."
        )
    return {name: value for name, value in environ.items() if value}


def _embedded_urls(settings: Mapping[str, str], data_dir: Path) -> tuple[str, str, str]:
    for name in ("WORKER_DATABASE_URL", "MIGRATION_DATABASE_URL"):
        if name in settings:
            raise ConfigError(f"{name} is set, but DATABASE_URL is not: set all three or none.")
    postgres = data_dir / "postgres"
    return (
        embedded_url(postgres, roles.APPLICATION),
        embedded_url(postgres, roles.WORKER),
        embedded_url(postgres, roles.OWNER),
    )


def _given_urls(settings: Mapping[str, str]) -> tuple[str, str, str]:
    names = ("DATABASE_URL", "WORKER_DATABASE_URL", "MIGRATION_DATABASE_URL")
    missing = [name for name in names if name not in settings]
    if missing:
        raise ConfigError(
            f"{' and '.join(missing)} must be set beside DATABASE_URL: the service uses one "
            "database role for pages, one for the worker and one that owns the tables."
        )
    application, worker, owner = (_database_url(name, settings[name]) for name in names)
    return application, worker, owner


def _role(url: str) -> str:
    return unquote(urlsplit(url).username or "")


def _database_url(name: str, value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ConfigError(f"{name} must begin with postgresql://")
    url = f"postgresql+psycopg://{rest}"
    if not _role(url):
        raise ConfigError(f"{name} must name its role, as in postgresql://role@host/database")
    return url


def _secret_key(settings: Mapping[str, str], embedded: bool, data_dir: Path) -> bytes:
    given = settings.get("LUPAUS_SECRET_KEY")
    if given is None and not embedded:
        raise ConfigError(
            "LUPAUS_SECRET_KEY must be set beside DATABASE_URL: at least 32 random bytes, the same "
            "at every start."
        )
    key = _kept_secret(data_dir / "secret.key") if given is None else given.encode()
    if len(key) < SHORTEST_SECRET:
        raise ConfigError(f"LUPAUS_SECRET_KEY is shorter than {SHORTEST_SECRET} bytes.")
    return key


def _other_secret_key(settings: Mapping[str, str], secret_key: bytes) -> bytes | None:
    given = settings.get("LUPAUS_OTHER_SECRET_KEY", "").encode()
    if not given:
        return None
    if len(given) < SHORTEST_SECRET:
        raise ConfigError(f"LUPAUS_OTHER_SECRET_KEY is shorter than {SHORTEST_SECRET} bytes.")
    if given == secret_key:
        raise ConfigError("LUPAUS_OTHER_SECRET_KEY is the same as LUPAUS_SECRET_KEY.")
    return given


def _kept_secret(path: Path) -> bytes:
    """The key in `path`, made at the first start. Two starts at once agree on one key."""
    with suppress(FileNotFoundError):
        return path.read_bytes().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    return path.read_bytes().strip()


def _base_url(settings: Mapping[str, str], embedded: bool, data_dir: Path, port: int) -> str:
    value = settings.get("LUPAUS_BASE_URL")
    if value is None and embedded:
        # `make run` took the first free port and wrote down which: commands beside it make links
        with suppress(FileNotFoundError):
            value = (data_dir / ADDRESS_FILE).read_text().strip() or None
    if value is None and not embedded:
        raise ConfigError("LUPAUS_BASE_URL must be set beside DATABASE_URL: links need it.")
    if value is None:
        return f"http://127.0.0.1:{port}"
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ConfigError("LUPAUS_BASE_URL must look like https://promises.example")
    return value.rstrip("/")


def _mail(settings: Mapping[str, str]) -> MailServer | None:
    value = settings.get("LUPAUS_SMTP_URL")
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ConfigError(f"LUPAUS_SMTP_URL must look like {KNOWN['LUPAUS_SMTP_URL']}")
    starttls = parse_qs(parts.query).get("starttls", ["0"])[0]
    if starttls not in YES_NO:
        raise ConfigError("LUPAUS_SMTP_URL: starttls is 1 or 0.")
    security = "tls" if parts.scheme == "smtps" else "starttls" if YES_NO[starttls] else "plain"
    port = _port_of(parts) or {"tls": 465, "starttls": 587, "plain": 25}[security]
    user, password = (unquote(v) if v else None for v in (parts.username, parts.password))
    if user and security == "plain" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ConfigError("LUPAUS_SMTP_URL: a password goes over smtps or with ?starttls=1 only.")
    return MailServer(parts.hostname, port, security, user, password)


def _port_of(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise ConfigError("LUPAUS_SMTP_URL: the port is a number up to 65535.") from None


def _demo(settings: Mapping[str, str], embedded: bool) -> bool:
    wanted = _switch(settings, "LUPAUS_DEMO", embedded)
    if wanted and not embedded:
        raise ConfigError("LUPAUS_DEMO gives sign-ins without a password: embedded server only.")
    return wanted


def _stripe_url(settings: Mapping[str, str]) -> str | None:
    """Keys must never go to another machine than Stripe's own."""
    value = settings.get("LUPAUS_STRIPE_URL")
    if value is None:
        return None
    parts = urlsplit(value)
    here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not here or parts.path.strip("/") or parts.query or parts.username:
        raise ConfigError("LUPAUS_STRIPE_URL must look like http://127.0.0.1:12111")
    return value.rstrip("/")


def _switch(settings: Mapping[str, str], name: str, default: bool) -> bool:
    value = settings.get(name)
    if value is None:
        return default
    if value.lower() not in YES_NO:
        raise ConfigError(f"{name} is 1 or 0, not {value!r}.")
    return YES_NO[value.lower()]


def _number(settings: Mapping[str, str], name: str, default: int, *, highest: int) -> int:
    value = settings.get(name, str(default))
    if not (value.isascii() and value.isdigit() and int(value) <= highest):
        raise ConfigError(f"{name} is a whole number up to {highest}, not {value!r}.")
    return int(value)
