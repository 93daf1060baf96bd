"""Clients that keep asking until they are answered, as programs with an Idempotency-Key do."""

import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.request
import uuid

PATIENCE = 300.0


class Caller:
    """Posts to the API; the same key again and again until an answer says that it was done."""

    def __init__(self, base_url, key):
        self.base_url, self.key = base_url, key
        self.retries = 0

    def post(self, path, body):
        """The answer's document; a refusal by the rules of the desk is returned as well."""
        request_key, until = str(uuid.uuid4()), time.monotonic() + PATIENCE
        while True:
            request = urllib.request.Request(
                f"{self.base_url}/api/v1{path}",
                data=json.dumps(body).encode(),
                headers={
                    "Authorization": f"Bearer {self.key}",
                    "Content-Type": "application/json",
                    "Idempotency-Key": request_key,
                },
            )
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 409:
                    return error.code, json.load(error)
                if error.code == 409:
                    document = json.load(error)
                    if document["code"] != "request_in_flight":
                        return error.code, document
            except (OSError, ValueError, http.client.HTTPException):
                pass  # killed before or in the middle of its answer
            self.retries += 1
            assert time.monotonic() < until, f"{path} was not answered for {PATIENCE} s"
            time.sleep(0.1)


class Crowd:
    """Customers who take a number and are called and served after a while of their own."""

    def __init__(self, base_url, key, branch_id, kind_id, counter_ids, seed):
        self.place = {"branch_id": str(branch_id), "service_kind_id": str(kind_id)}
        self.counter_ids = [str(one) for one in counter_ids]
        self.base_url, self.key, self.seed = base_url, key, seed
        self.stop = threading.Event()
        self.tickets, self.events, self.errors = [], [], []
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=self._serve, args=(number,), daemon=True)
            for number in range(len(counter_ids))
        ]

    def start(self):
        for thread in self.threads:
            thread.start()

    def finish(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        if self.errors:
            raise self.errors[0]

    def _serve(self, number):
        caller, chance = Caller(self.base_url, self.key), random.Random(self.seed + number)
        try:
            while not self.stop.is_set():
                self._visit(caller, chance, self.counter_ids[number])
        except BaseException as error:  # noqa: BLE001 -- raised in the test's own thread
            self.errors.append(error)

    def _visit(self, caller, chance, counter_id):
        status, ticket = caller.post("/tickets", self.place)
        assert status == 201, ticket
        with self.lock:
            self.tickets.append(ticket)
        time.sleep(chance.choice((0.1, 0.3, 1.2)))
        for kind in ("called", "service_started", "served"):
            path = f"/tickets/{ticket['id']}/events"
            status, logged = caller.post(path, {"kind": kind, "counter_id": counter_id})
            assert status == 201, (kind, logged)
            with self.lock:
                self.events.append(logged)
