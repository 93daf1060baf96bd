"""Row 35: the database is lost, and yesterday's is put back."""

import datetime as dt

import pytest

from promises.db import roles
from promises.db.base import db
from tests.conftest import bare_app, dispose
from tests.payouts.matrix.ground import BOOKS, CREATE, books_of
from tests.payouts.shop import Shop


@pytest.fixture
def backup(server, fresh_database):
    """Copies the database as it stands; an application on the copy."""
    name, made = f"{fresh_database.name}_kept", []

    def copy():
        db.engine.dispose()
        server.create_database(name, fresh_database.name)
        made.append(bare_app(server.url(roles.APPLICATION, name)))
        return made[0]

    yield copy
    for app in made:
        dispose(app)
        server.drop_database(name)


def standing(stripe, payout_id):
    return [one for one in stripe.effects(payout_id) if one.standing]


@pytest.mark.no_cover
def test_row_35_restored_backup_pays_nothing_twice_and_every_orphan_is_found(
    stripe, fresh_database, backup
):
    app = bare_app(fresh_database.app_url)
    with app.app_context():
        shop = Shop(stripe)
        paid, ref = shop.paid()
        ready = [payout_id for payout_id, _ in shop.owe_refunds(3)]
        restored = backup()
        shop.settle()
        assert {shop.payout(one).state for one in ready} == {"paid"}
        after_backup = [shop.paid() for _ in range(2)]
    dispose(app)
    creates = len(stripe.calls(CREATE))

    with restored.app_context():
        assert {shop.payout(one).state for one in ready} == {"ready"}
        shop.now += dt.timedelta(days=1)
        shop.settle()
        assert len(stripe.calls(CREATE)) == creates
        for payout_id in ready:
            assert shop.payout(payout_id).state == "paid"
            assert len(standing(stripe, payout_id)) == 1
            assert books_of(shop, payout_id) == BOOKS["paid"]
            assert shop.audited(payout_id) == ["paid"]
        assert shop.payout(paid).provider_ref == ref
        (run,) = shop.reconcile()
        assert run.finished_at is not None
        orphans = [one for one in shop.incidents() if one.kind == "unknown_effect"]
        assert sorted(one.ref for one in orphans) == sorted(ref for _, ref in after_backup)
        assert shop.rail_state().pause_trouble == "other_effect"
        assert shop.unbalanced() == []
        shop.owe_refunds()
        shop.settle()
        assert len(stripe.calls(CREATE)) == creates
