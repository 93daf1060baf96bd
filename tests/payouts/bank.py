"""An organisation that pays by bank file, and a bank that takes its files, over real HTTP."""

import contextlib
import json
import re
import threading
import urllib.error
import urllib.request

from mockbank.server import Config, make_server

from promises.flows.bank_answers import take_bank_file
from promises.flows.mind_runs import tidy_runs, watch_silence
from promises.flows.payout_runs import cancel_run, fetch_run, prepare_run, release_run
from promises.kernel.actors import Role
from promises.payouts.rails.sepa.iban import TEST_IBAN
from promises.payouts.rails.sepa.rail import SEPA, SepaMaker
from promises.payouts.runs import run_by_id
from tests.payouts.ground import Purse

OWN_IBAN = "FI2112345600000785"
PAYEE = "FI4950009420028730"
CLOSED = "NL84MOCK0000000003"
WRONG = "FI2112345600000786"
SETTINGS = {"debtor_name": "Honkarannan säästöpankki", "version": "09"}


class Payer(Purse):
    """`rail` by default the bank file's. The manager prepares, the accountant releases."""

    def __init__(self, maker=None, *, rail=SEPA, settings=None, secrets=None, **changes):
        super().__init__(
            maker or SepaMaker(),
            rail=rail,
            settings=settings or SETTINGS,
            secrets=secrets or {"iban": OWN_IBAN},
            **changes,
        )

    def give(self, ticket_id, details, **changes):
        return super().give(ticket_id, details, **({"chosen": True} | changes))

    def execute(self, statement, ids=()):
        self.rows(f"{statement} RETURNING 1", ids=list(ids))

    def pay_to(self, *ibans):
        """A debt to each of these accounts; their payouts."""
        return self.owe(len(ibans), details=lambda n: {"iban": ibans[n], "name": "Väinö Öljymäki"})

    def prepare(self, role=Role.MANAGER):
        with self.work(role) as uow:
            return prepare_run(uow, self.rails, rail=self.rail)

    def release(self, run_id, role=Role.ACCOUNTANT, typed=None):
        typed = self.run(run_id).check_sum[:8] if typed is None else typed
        with self.work(role) as uow:
            release_run(uow, run_id=run_id, typed=typed)

    def fetch(self, run_id):
        with self.work(Role.ACCOUNTANT) as uow:
            return fetch_run(uow, self.rails, run_id=run_id)

    def cancel(self, run_id):
        with self.work(Role.MANAGER) as uow:
            cancel_run(uow, run_id=run_id)

    def sent(self, *ibans):
        """A run with payments to these accounts that somebody has fetched; its id and file."""
        self.pay_to(*ibans)
        run_id = self.prepare()
        self.release(run_id)
        return run_id, self.fetch(run_id).content

    def take_file(self, content, role=Role.ADMINISTRATOR):
        """By default brought by somebody who had no hand in the file that it answers."""
        content = content.encode() if isinstance(content, str) else content
        with self.work(role) as uow:
            return take_bank_file(uow, self.rails, rail=self.rail, content=content)

    def round(self):
        with self.work(None) as uow:
            return watch_silence(uow), tidy_runs(uow)

    def run(self, run_id):
        with self.work(None) as uow:
            return run_by_id(uow.session, organisation_id=self.made.id, run_id=run_id)

    def states(self):
        found = self.rows("SELECT state, trouble FROM payouts ORDER BY created_at, id")
        return [row.state if row.trouble is None else (row.state, row.trouble) for row in found]

    def incidents(self):
        found = self.rows(
            "SELECT kind, amount_minor, closed_at FROM money_incidents ORDER BY opened_at, id"
        )
        return [(row.kind, row.amount_minor, row.closed_at is None) for row in found]


class Bank:
    """A bank at an address of its own; `world` goes to it on foot."""

    def __init__(self, address):
        self._address = address
        self.account("US", TEST_IBAN, balance=10_000_000)

    def account(self, name, iban, **more):
        body = {"id": name, "name": name, "iban": iban, "bic": "MOCKNL2A"} | more
        assert self._ask("POST", "/_mock/accounts", json.dumps(body).encode())[0] == 201

    def change(self, name, **parts):
        assert self._ask("PATCH", f"/_mock/accounts/{name}", json.dumps(parts).encode())[0] == 200

    def receive(self, content):
        status, text = self._ask("POST", "/payments", content, "application/xml")
        return status, json.loads(text)

    def days(self, count=1):
        self._ask("POST", f"/_mock/advance?days={count}")

    def mail(self, kind):
        """What has come of one kind since the last look, oldest first."""
        _status, text = self._ask("GET", f"/_mock/mailbox?raw&type={kind}")
        return [one.strip() for one in re.split(r"(?=<\?xml\b)", text) if one.strip()]

    def _ask(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(
            self._address + path, data=body, method=method, headers={"Content-Type": kind}
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@contextlib.contextmanager
def bank(clock="2026-03-02T10:30"):
    server = make_server(Config(port=0, quiet=True, clock=clock))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Bank(f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
