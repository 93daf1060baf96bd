"""The settings: what is taken, what is made, what stops a start."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from config import KNOWN, PROJECT, ConfigError, MailServer, load_config

URLS = {
    "DATABASE_URL": "postgresql://site_app:word@db.example:5433/lupaus?sslmode=require",
    "WORKER_DATABASE_URL": "postgres://site%5Fworker@db.example/lupaus",
    "MIGRATION_DATABASE_URL": "postgresql+psycopg://site_owner@db.example/lupaus",
}
PRODUCTION = URLS | {
    "LUPAUS_SECRET_KEY": "k" * 32,
    "LUPAUS_BASE_URL": "https://promises.example/",
}


@pytest.fixture
def environ(tmp_path):
    return {"LUPAUS_DATA_DIR": str(tmp_path / "data")}


def test_nothing_set_gives_the_embedded_server_of_this_checkout(environ, tmp_path):
    config = load_config(environ | {"PATH": "/bin"})
    assert config.embedded
    assert config.postgres_dir == tmp_path / "data" / "postgres"
    assert config.app_url.startswith("postgresql+psycopg://lupaus_app@/lupaus?host=")
    assert (config.app_role, config.worker_role) == ("lupaus_app", "lupaus_worker")
    assert "lupaus_owner@" in config.migration_url
    assert config.base_url == "http://127.0.0.1:8000"
    assert config.demo
    assert not config.cookie_secure
    assert config.mail is None


def test_default_data_folder_lies_in_the_project():
    assert load_config({"LUPAUS_SECRET_KEY": "k" * 32}).data_dir == PROJECT / ".data"


def test_secret_key_is_made_once_for_its_user_alone(environ, tmp_path):
    first = load_config(environ).secret_key
    assert len(first) >= 32
    assert load_config(environ).secret_key == first
    files = list((tmp_path / "data").iterdir())
    assert [f.name for f in files] == ["secret.key"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_secret_key_made_by_many_starts_at_once_is_one(environ):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_config(environ).secret_key, range(32)))
    assert len(keys) == 1


def test_production_takes_the_three_urls_and_their_roles():
    config = load_config(PRODUCTION)
    assert not config.embedded
    assert config.app_url == (
        "postgresql+psycopg://site_app:word@db.example:5433/lupaus?sslmode=require"
    )
    assert (config.app_role, config.worker_role) == ("site_app", "site_worker")
    assert config.migration_url == "postgresql+psycopg://site_owner@db.example/lupaus"
    assert config.base_url == "https://promises.example"
    assert config.secret_key == b"k" * 32
    assert config.cookie_secure
    assert not config.demo


def test_config_shown_in_a_log_tells_no_secret():
    shown = repr(load_config(PRODUCTION | {"LUPAUS_SMTP_URL": "smtps://a:hush@m.example",
                                           "LUPAUS_MAIL_FROM": "a@m.example"}))  # fmt: skip
    assert "word" not in shown
    assert "kkkk" not in shown
    assert "hush" not in shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://127.0.0.1:1025", MailServer("127.0.0.1", 1025)),
        ("smtp://m.example", MailServer("m.example", 25)),
        (
            "smtp://u:p%40ss@m.example?starttls=1",
            MailServer("m.example", 587, "starttls", "u", "p@ss"),
        ),
        ("smtps://u:p@m.example", MailServer("m.example", 465, "tls", "u", "p")),
    ],
)
def test_smtp_url_becomes_a_mail_server(environ, url, expected):
    assert load_config(environ | {"LUPAUS_SMTP_URL": url}).mail == expected


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"LUPAUS_SECERT_KEY": "x"}, "Unknown setting: LUPAUS_SECERT_KEY"),
        ({"WORKER_DATABASE_URL": ""}, "WORKER_DATABASE_URL must be set"),
        ({"MIGRATION_DATABASE_URL": ""}, "MIGRATION_DATABASE_URL must be set"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not"),
        ({"DATABASE_URL": "mysql://a@b/c"}, "must begin with postgresql"),
        ({"DATABASE_URL": "postgresql://db.example/lupaus"}, "must name its role"),
        ({"LUPAUS_SECRET_KEY": ""}, "LUPAUS_SECRET_KEY must be set"),
        ({"LUPAUS_SECRET_KEY": "k" * 31}, "shorter than 32"),
        ({"LUPAUS_BASE_URL": ""}, "LUPAUS_BASE_URL must be set"),
        ({"LUPAUS_BASE_URL": "promises.example"}, "must look like https"),
        ({"LUPAUS_BASE_URL": "https://a.example/?x=1"}, "must look like https"),
        ({"LUPAUS_DEMO": "1"}, "embedded server only"),
        ({"LUPAUS_COOKIE_SECURE": "maybe"}, "1 or 0"),
        ({"LUPAUS_TRUSTED_PROXIES": "-1"}, "whole number"),
        ({"LUPAUS_TRUSTED_PROXIES": "²"}, "whole number"),
        ({"LUPAUS_PORT": "65536"}, "whole number up to 65535"),
        ({"LUPAUS_SMTP_URL": "m.example:25"}, "must look like smtp"),
        ({"LUPAUS_SMTP_URL": "smtp://m.example:99999"}, "port is a number"),
        ({"LUPAUS_SMTP_URL": "smtp://u:p@m.example"}, "over smtps"),
        ({"LUPAUS_SMTP_URL": "smtp://m.example?starttls=perhaps"}, "starttls is 1 or 0"),
        ({"LUPAUS_SMTP_URL": "smtps://m.example"}, "LUPAUS_MAIL_FROM is needed"),
        ({"LUPAUS_STRIPE_URL": "https://127.0.0.1:12111"}, "must look like http://127"),
        ({"LUPAUS_STRIPE_URL": "http://stripe.example"}, "must look like http://127"),
        ({"LUPAUS_STRIPE_URL": "http://127.0.0.1@stripe.example"}, "must look like http://127"),
        ({"LUPAUS_STRIPE_URL": "http://127.0.0.1:12111/v1"}, "must look like http://127"),
    ],
)
def test_what_does_not_fit_stops_the_start_and_says_what_to_change(change, said):
    with pytest.raises(ConfigError, match=said):
        load_config(PRODUCTION | change)


def test_switches_are_read_as_said(environ):
    config = load_config(
        environ | {"LUPAUS_DEMO": "0", "LUPAUS_COOKIE_SECURE": "yes", "LUPAUS_TRUSTED_PROXIES": "2",
                   "LUPAUS_PORT": "9000", "LUPAUS_MAIL_FROM": "a@b.example",
                   "LUPAUS_STRIPE_URL": "http://localhost:12111/"}
    )  # fmt: skip
    assert config.stripe_url == "http://localhost:12111"
    assert not config.demo
    assert config.cookie_secure
    assert config.trusted_proxies == 2
    assert config.base_url == "http://127.0.0.1:9000"
    assert config.mail_from == "a@b.example"


def test_every_setting_is_told_in_the_operations_guide():
    guide = (PROJECT / "docs" / "operations.md").read_text()
    assert [name for name in KNOWN if name not in guide] == []


def test_another_secret_key_may_stand_beside():
    config = load_config(PRODUCTION | {"LUPAUS_OTHER_SECRET_KEY": "o" * 32})
    assert (config.secret_key, config.other_secret_key) == (b"k" * 32, b"o" * 32)
    assert load_config(PRODUCTION).other_secret_key is None
    assert "ooo" not in repr(config)


@pytest.mark.parametrize(("given", "said"), [("o" * 31, "shorter"), ("k" * 32, "the same")])
def test_another_secret_key_that_serves_nothing_stops_the_start(given, said):
    with pytest.raises(ConfigError, match=f"LUPAUS_OTHER_SECRET_KEY is {said}"):
        load_config(PRODUCTION | {"LUPAUS_OTHER_SECRET_KEY": given})
