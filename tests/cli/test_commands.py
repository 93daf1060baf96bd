"""The commands for founding, looking after and explaining, run as `flask` runs them."""

import dataclasses
import re

import psycopg
import pyotp
import pytest

from promises.app import create_app
from promises.db import sql
from promises.db.session import unit_of_work
from promises.identity import factor_codes, passwords, queries
from promises.identity.actions import known_customer
from promises.kernel.actors import SYSTEM
from tests.conftest import dispose
from tests.notify.mailserver import free_port, mail_server
from tests.worker.ground import Live, wait_for, watching

WORDS = "kolme hiljaista koivua rannalla"


@pytest.fixture
def app(fresh_database):
    queries._ids.clear()
    made = create_app(fresh_database.config)
    yield made
    dispose(made)
    queries._ids.clear()


@pytest.fixture
def run(app):
    def command(*words, input=None):
        return app.test_cli_runner().invoke(args=list(words), input=input)

    return command


def found(run, slug="pankki"):
    result = run("organisation", "create", "--slug", slug, "--name", "Pankki")
    assert result.exit_code == 0, result.output
    return result


def read(app, slug, statement):
    with app.app_context():
        organisation = queries.organisation_by_slug(slug)
        with unit_of_work(organisation.id, SYSTEM) as uow:
            return sql.rows(uow.session, statement)


def test_an_organisation_is_created_and_its_address_told(app, run):
    assert found(run).output.endswith("/o/pankki/\n")
    (row,) = read(app, "pankki", "SELECT name, locale, currency, is_demo FROM organisations")
    assert tuple(row) == ("Pankki", "fi", "EUR", False)


@pytest.mark.parametrize(
    ("change", "said"),
    [(("--slug", "Pankki ry"), "slug"), (("--currency", "EURO"), "currency")],
)
def test_a_refused_organisation_is_not_created(app, run, change, said):
    words = {"--slug": "pankki", "--name": "Pankki"} | dict([change])
    result = run("organisation", "create", *[word for pair in words.items() for word in pair])
    assert result.exit_code == 1
    assert said in result.output
    with app.app_context():
        assert queries.list_organisation_ids() == []


def test_a_slug_is_given_once(run):
    found(run)
    result = run("organisation", "create", "--slug", "pankki", "--name", "Toinen")
    assert result.exit_code == 1


def member_words(*more):
    return (
        "pankki", "--name", "Annika Sjöblom", "--email", "annika@pankki.example",
        "--role", "administrator", *more,
    )  # fmt: skip


def test_a_member_is_created_with_a_password_that_works(app, run):
    found(run)
    result = run("member", "create", *member_words("--language", "sv"), "--password", WORDS)
    assert result.exit_code == 0, result.output
    (row,) = read(app, "pankki", "SELECT * FROM members")
    assert (row.state, row.role, row.locale) == ("active", "administrator", "sv")
    assert passwords.verify_password(row.password_hash, WORDS)
    assert read(app, "pankki", "SELECT * FROM messages") == []


def test_an_easy_password_is_refused_and_nobody_is_created(app, run):
    found(run)
    result = run("member", "create", *member_words(), "--password", "annika pankki 123")
    assert result.exit_code == 1
    assert "easy to guess" in result.output
    assert read(app, "pankki", "SELECT * FROM members") == []


def test_an_invitation_is_mailed_and_its_link_told(app, run):
    found(run)
    result = run("member", "invite", *member_words())
    assert result.exit_code == 0, result.output
    assert re.search(r"/o/pankki/invitation/\S+$", result.output.strip())
    (row,) = read(app, "pankki", "SELECT kind, state FROM messages")
    assert tuple(row) == ("invitation", "queued")


def test_a_lost_second_step_is_reset_and_a_letter_tells(app, run):
    found(run)
    run("member", "create", *member_words(), "--password", WORDS)
    (row,) = read(app, "pankki", "SELECT id, organisation_id FROM members")
    with app.app_context(), unit_of_work(row.organisation_id, SYSTEM) as uow:
        common = {"organisation_id": row.organisation_id, "member_id": row.id, "now": uow.now}
        secret = factor_codes.new_secret()
        code = pyotp.TOTP(secret).at(uow.now)
        assert factor_codes.set_app(uow.session, **common, secret=secret, code=code)
    words = ("member", "reset-second-step", "pankki")
    assert run(*words, "nobody@pankki.example", "--yes").exit_code == 1
    in_use = "SELECT count(*) AS n FROM authenticator_apps WHERE ended_at IS NULL"
    assert read(app, "pankki", in_use)[0].n == 1
    result = run(*words, "Annika@pankki.example", "--yes")
    assert result.exit_code == 0, result.output
    assert read(app, "pankki", in_use)[0].n == 0
    (letter,) = read(app, "pankki", "SELECT kind, params FROM messages")
    assert tuple(letter) == ("factor_changed", {"change": "reset"})


def test_a_clerk_needs_a_branch_that_exists(app, run):
    found(run)
    words = ("pankki", "--name", "Sanna Salo", "--email", "sanna@pankki.example", "--role", "clerk")
    assert run("member", "invite", *words).exit_code == 1
    assert run("member", "invite", *words, "--branch", "none").exit_code == 1
    assert run("member", "invite", "nobody", *words[1:]).exit_code == 1
    assert read(app, "pankki", "SELECT * FROM members") == []


def test_a_customer_is_forgotten_by_reference_after_a_question(app, run):
    found(run)
    with app.app_context():
        organisation = queries.organisation_by_slug("pankki")
        with unit_of_work(organisation.id, SYSTEM) as uow:
            known_customer(
                uow.session, organisation_id=organisation.id, now=uow.now, reference="77-A"
            )
    index = "SELECT reference_index IS NULL AS gone FROM customers"
    assert run("customer", "forget", "pankki", "77a", input="n\n").exit_code == 1
    assert [row.gone for row in read(app, "pankki", index)] == [False]
    result = run("customer", "forget", "pankki", "77a", "--yes")
    assert result.exit_code == 0, result.output
    assert "0 tickets stay, 0 texts are wiped" in result.output
    assert [row.gone for row in read(app, "pankki", index)] == [True]
    again = run("customer", "forget", "pankki", "77a", "--yes")
    assert again.exit_code == 1
    assert "There is nothing here." in again.output


def test_init_can_be_repeated(run):
    for _ in range(2):
        result = run("init")
        assert result.exit_code == 0, result.output
        assert "The database is ready." in result.output


def test_init_tells_how_to_make_the_roles_when_nothing_can_be_reached(app, run, fresh_database):
    gone = fresh_database.owner_url.replace(fresh_database.name, "no_such_database")
    app.extensions["lupaus"] = dataclasses.replace(
        app.extensions["lupaus"],
        config=dataclasses.replace(fresh_database.config, migration_url=gone),
    )
    result = run("init")
    assert result.exit_code == 1
    assert "CREATE ROLE lupaus_owner" in result.output


def test_the_doctor_finds_a_well_service_well(app, run):
    live = Live(app, seconds=600)
    live.take()
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "broken" not in result.output
    for what in ("pages' role", "worker's role", "tables", "migrations", "clocks", "books"):
        assert re.search(rf"^fine +{what}:", result.output, re.MULTILINE), what
    assert "no mail server is set up" in result.output


def with_config(app, **changes):
    wired = app.extensions["lupaus"]
    app.extensions["lupaus"] = dataclasses.replace(
        wired, config=dataclasses.replace(wired.config, **changes)
    )


def test_the_doctor_reaches_the_mail_server(app, run):
    with mail_server() as mailbox:
        with_config(app, mail=server_at(mailbox.port))
        assert re.search(r"^fine +mail:", run("doctor").output, re.MULTILINE)
    with_config(app, mail=server_at(free_port()))
    result = run("doctor")
    assert result.exit_code == 1
    assert re.search(r"^broken +mail: .*ConnectionRefusedError", result.output, re.MULTILINE)


def server_at(port):
    from config import MailServer

    return MailServer("127.0.0.1", port)


def test_the_doctor_refuses_a_role_that_owns_tables(app, run, fresh_database):
    with_config(app, app_url=fresh_database.owner_url)
    result = run("doctor")
    assert result.exit_code == 1
    assert "owns tables" in result.output


def owner(database):
    address = database.owner_url.replace("postgresql+psycopg://", "postgresql://", 1)
    return psycopg.connect(address, autocommit=True)


def test_the_doctor_finds_a_table_without_its_policy(run, fresh_database):
    with owner(fresh_database) as connection:
        connection.execute("ALTER TABLE vouchers NO FORCE ROW LEVEL SECURITY")
    result = run("doctor")
    assert result.exit_code == 1
    assert "no forced policy on vouchers" in result.output


def test_the_doctor_finds_a_database_behind_the_programs(run, fresh_database):
    with owner(fresh_database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    result = run("doctor")
    assert result.exit_code == 1
    assert "Run `flask init`." in result.output


def test_the_doctor_finds_a_deadline_that_nobody_watches(app, run):
    live = Live(app, seconds=60)
    live.take()
    live.age(3600)
    result = run("doctor")
    assert result.exit_code == 1
    assert re.search(r"^broken +deadlines: .* 35\d\d s", result.output, re.MULTILINE)


def test_the_doctor_finds_a_rewritten_audit_trail(run, fresh_database):
    found(run)
    with owner(fresh_database) as connection, connection.transaction():
        connection.execute("ALTER TABLE audit_records DISABLE ROW LEVEL SECURITY")
        connection.execute("UPDATE audit_records SET action = 'nothing_happened'")
        connection.execute("ALTER TABLE audit_records ENABLE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE audit_records FORCE ROW LEVEL SECURITY")
    result = run("doctor")
    assert result.exit_code == 1
    assert "does not fit the chain" in result.output


def test_the_doctor_finds_books_that_do_not_balance(app, run, fresh_database):
    live = Live(app, seconds=60)
    live.take()
    live.age(30)
    worker = app.extensions["lupaus"].make_worker_app()
    with watching(worker):
        live.age(31)
        wait_for(live.breaches)
    dispose(worker)
    with owner(fresh_database) as connection, connection.transaction():
        connection.execute("ALTER TABLE ledger_entries DISABLE ROW LEVEL SECURITY")
        connection.execute(
            "UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE amount_minor > 0"
        )
        connection.execute("ALTER TABLE ledger_entries ENABLE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE ledger_entries FORCE ROW LEVEL SECURITY")
    result = run("doctor")
    assert result.exit_code == 1
    assert "1 minor units of EUR" in result.output


def test_explain_says_why_in_the_chosen_language(app, run):
    live = Live(app, seconds=60)
    (ticket,) = live.take()
    result = run("explain", ticket.public_code)
    assert result.exit_code == 0, result.output
    assert ticket.label in result.output
    assert "The clock started with the arrival" in result.output
    address = f"https://x.example/o/{live.made.slug}/t/{ticket.public_code}"
    assert run("explain", address, "--language", "fi").exit_code == 0
    worker = app.extensions["lupaus"].make_worker_app()
    live.age(90)
    with watching(worker):
        wait_for(live.breaches)
    dispose(worker)
    result = run("explain", ticket.public_code, "--organisation", live.made.slug)
    assert "broken" in result.output
    assert "€10 is owed." in result.output


def test_explain_does_not_know_another_code(app, run):
    live, other = Live(app), Live(app)
    (ticket,) = live.take()
    assert run("explain", "nothing").exit_code == 1
    result = run("explain", ticket.public_code, "--organisation", other.made.slug)
    assert result.exit_code == 1
    assert "There is no ticket with this code." in result.output


def test_demo_links_sign_in_to_the_demonstration_only(app, run):
    found(run)
    assert run("demo-links", "--organisation", "pankki").exit_code == 1
    assert run("demo-links").exit_code == 1
    with_config(app, demo=False)
    result = run("demo-links")
    assert result.exit_code == 1
    assert "embedded server only" in result.output


def test_demo_links_sign_in_every_role_once(app, run):
    assert run("seed-demo", "--days", "0").exit_code == 0
    result = run("demo-links")
    assert result.exit_code == 0, result.output
    links = dict(re.findall(r"^(\S.*?) {2,}(\S+)$", result.output, re.MULTILINE))
    assert set(links) == {"Public page", "Clerk", "Manager", "Accountant", "Administrator"}
    path = links["Clerk"].partition("127.0.0.1")[2].partition("/")[2]
    browser = app.test_client()
    assert browser.get(f"/{path}").status_code in (302, 303)
    assert app.test_client().get(f"/{path}").status_code == 410
