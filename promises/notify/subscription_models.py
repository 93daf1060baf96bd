"""Who follows the promises of an organisation by e-mail, and the news that they are sent."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, organisation_fk, table_info, tenant_fk


class Subscription(TenantModel):
    """An address that follows one promise, or all of them where `promise_id` is missing.

    Asked for by anybody who typed the address, it counts once the link in a letter was used; until
    then `token_mac` is set, and after `expires_at` the row and the address go. A row is deleted
    when the letters are stopped. `address_index` is that of the contact.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        tenant_fk("promise_id", "promises"),
        tenant_fk("contact_id", "contacts"),
        CheckConstraint(
            "(confirmed_at IS NULL) = (token_mac IS NOT NULL)", name="token_until_then"
        ),
        Index(
            "uq_subscriptions_address",
            "organisation_id",
            "address_index",
            "promise_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "ix_subscriptions_confirmed",
            "organisation_id",
            "id",
            postgresql_where=text("confirmed_at IS NOT NULL"),
        ),
        Index(
            "ix_subscriptions_unconfirmed",
            "organisation_id",
            "expires_at",
            postgresql_where=text("confirmed_at IS NULL"),
        ),
        {"info": table_info(Access.REMOVE)},
    )

    promise_id: Mapped[uuid.UUID | None]
    contact_id: Mapped[uuid.UUID]
    address_index: Mapped[bytes] = mapped_column(LargeBinary)
    locale: Mapped[str] = mapped_column(Text)
    token_mac: Mapped[bytes | None] = mapped_column(LargeBinary)
    asked_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    confirmed_at: Mapped[dt.datetime | None]


class PublicNews(TenantModel):
    """One piece of news for those who follow. `items` are (promise, words) as notify.news_words
    dumps them. `told_through` is the last subscription that was served; `done_at` once all are."""

    __tablename__ = "public_news"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "key"),
        Index(
            "ix_public_news_to_tell",
            "organisation_id",
            "id",
            postgresql_where=text("done_at IS NULL"),
        ),
        {"info": table_info(Access.CHANGE)},
    )

    key: Mapped[str] = mapped_column(Text)
    items: Mapped[list[Any]]
    known_at: Mapped[dt.datetime]
    told_through: Mapped[uuid.UUID | None]
    done_at: Mapped[dt.datetime | None]
