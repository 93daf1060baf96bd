"""Who there is: organisations, their branches, people, keys, devices and customers."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import (
    Access,
    Model,
    TenantModel,
    one_of,
    organisation_fk,
    table_info,
    tenant_fk,
)
from promises.kernel.actors import Role


class ServiceStart(enum.StrEnum):
    """What marks the start of service at a branch."""

    TAP = "tap"  # the clerk marks that the customer came
    CALL = "call"  # calling counts as starting


class BranchState(enum.StrEnum):
    ACTIVE = "active"
    CLOSED = "closed"


class MemberState(enum.StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


class DeviceKind(enum.StrEnum):
    KIOSK = "kiosk"
    DISPLAY = "display"


class TokenPurpose(enum.StrEnum):
    INVITE = "invite"
    RESET = "reset"
    DEMO_SIGN_IN = "demo_sign_in"
    ENROL_DEVICE = "enrol_device"


class Scope(enum.StrEnum):
    """What an API key may do. None of them decides about money."""

    READ = "read"  # branches, services, promises, and what became of tickets
    TICKETS_WRITE = "tickets:write"
    EVENTS_WRITE = "events:write"
    MONEY_READ = "money:read"  # compensations, payouts, vouchers
    VOUCHERS_REDEEM = "vouchers:redeem"


class VoucherUse(enum.StrEnum):
    """What a voucher of the organisation is good for at the desk."""

    CASH = "cash"
    FEE = "fee"
    GOODS = "goods"


class MoneyMode(enum.StrEnum):
    """Whether payouts move real money. A rail of the other mode is never used."""

    TEST = "test"
    LIVE = "live"


class ContactChannel(enum.StrEnum):
    EMAIL = "email"
    SMS = "sms"


class DirectoryEntry(Model):
    """The slug of each organisation: the only table that is readable before a tenant is known."""

    __tablename__ = "organisation_directory"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name="slug_form"),
        {"info": table_info(Access.APPEND, tenant=False)},
    )

    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(unique=True)


class Organisation(Model):
    """The tenant. Management decides on a proposal within `decide_within_days` working days of the
    calendar with the slug `decision_calendar`; without one, of the weekdays that are no holiday.
    What gives customers less is announced `notice_hours` before it holds. `money_mode_at` is when
    the mode last changed."""

    __tablename__ = "organisations"
    __table_args__ = (
        one_of("voucher_use", VoucherUse),
        one_of("money_mode", MoneyMode),
        CheckConstraint("money_mode = 'test' OR NOT is_demo", name="demo_moves_no_money"),
        CheckConstraint("voucher_valid_years BETWEEN 1 AND 10", name="voucher_valid_years_sane"),
        CheckConstraint("decide_within_days BETWEEN 1 AND 60", name="decide_within_days_sane"),
        CheckConstraint("notice_hours BETWEEN 24 AND 2160", name="notice_hours_sane"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
        {"info": table_info(Access.CHANGE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    voucher_use: Mapped[str] = mapped_column(Text, default=VoucherUse.CASH)
    voucher_valid_years: Mapped[int] = mapped_column(default=3)
    decide_within_days: Mapped[int] = mapped_column(default=10, server_default="10")
    decision_calendar: Mapped[str | None] = mapped_column(Text)
    notice_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    is_demo: Mapped[bool] = mapped_column(default=False)
    money_mode: Mapped[str] = mapped_column(Text, default=MoneyMode.TEST, server_default="test")
    money_mode_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]


class OrganisationKey(Model):
    """A secret of the organisation, wrapped by the service's master key."""

    __tablename__ = "organisation_keys"
    __table_args__ = (organisation_fk(), {"info": table_info(Access.CHANGE)})

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]


class Calendar(TenantModel):
    """`slug` is the name that terms use; it never changes, because old terms hold it. `branch` is
    kept for the calendar of whichever branch a case belongs to."""

    __tablename__ = "calendars"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "name"),
        UniqueConstraint("organisation_id", "slug"),
        CheckConstraint(
            "slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' AND slug <> 'branch'", name="slug_form"
        ),
        {"info": table_info(Access.CHANGE)},
    )

    name: Mapped[str] = mapped_column(Text)
    slug: Mapped[str] = mapped_column(
        Text,
        server_default=text(
            "'calendar-' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)"
        ),
    )
    created_at: Mapped[dt.datetime]


class CalendarVersion(Model):
    """Frozen opening hours: weekly windows, exceptions and holidays as they were when stored.

    `notes` names exceptional days by their ISO date, for people; nothing is judged by it.
    """

    __tablename__ = "calendar_versions"
    __table_args__ = (
        tenant_fk("calendar_id", "calendars"),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    calendar_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    notes: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime]
    created_by: Mapped[uuid.UUID | None]


class Branch(TenantModel):
    __tablename__ = "branches"
    __table_args__ = (
        organisation_fk(),
        tenant_fk("calendar_id", "calendars"),
        UniqueConstraint("organisation_id", "slug"),
        one_of("service_start", ServiceStart),
        one_of("state", BranchState),
        CheckConstraint("no_show_after_s BETWEEN 0 AND 3600", name="no_show_after_sane"),
        {"info": table_info(Access.CHANGE)},
    )

    slug: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    calendar_id: Mapped[uuid.UUID]
    service_start: Mapped[str] = mapped_column(Text, default=ServiceStart.TAP)
    no_show_after_s: Mapped[int] = mapped_column(default=120)
    presence_token: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, default=BranchState.ACTIVE)
    created_at: Mapped[dt.datetime]


class Counter(TenantModel):
    __tablename__ = "counters"
    __table_args__ = (
        tenant_fk("branch_id", "branches"),
        UniqueConstraint("organisation_id", "branch_id", "name"),
        {"info": table_info(Access.CHANGE)},
    )

    branch_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(Text)
    closed_at: Mapped[dt.datetime | None]


class ServiceKind(TenantModel):
    __tablename__ = "service_kinds"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "letter"),
        CheckConstraint("letter ~ '^[A-Z]{1,2}$'", name="letter_form"),
        {"info": table_info(Access.CHANGE)},
    )

    letter: Mapped[str] = mapped_column(Text)
    names: Mapped[dict[str, Any]]
    closed_at: Mapped[dt.datetime | None]


class BranchService(Model):
    """Which kinds of service a branch gives."""

    __tablename__ = "branch_services"
    __table_args__ = (
        tenant_fk("branch_id", "branches"),
        tenant_fk("service_kind_id", "service_kinds"),
        {"info": table_info(Access.REMOVE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    branch_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    service_kind_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class Member(TenantModel):
    __tablename__ = "members"
    __table_args__ = (
        organisation_fk(),
        tenant_fk("branch_id", "branches"),
        UniqueConstraint("organisation_id", "email"),
        one_of("role", Role),
        one_of("state", MemberState),
        {"info": table_info(Access.CHANGE)},
    )

    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    branch_id: Mapped[uuid.UUID | None]
    locale: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, default=MemberState.INVITED)
    created_at: Mapped[dt.datetime]
    deactivated_at: Mapped[dt.datetime | None]


class OneTimeToken(TenantModel):
    """An invitation, a password reset, a demo sign-in or a device enrolment: used once."""

    __tablename__ = "one_time_tokens"
    __table_args__ = (
        tenant_fk("member_id", "members"),
        tenant_fk("device_id", "devices"),
        UniqueConstraint("organisation_id", "token_mac"),
        one_of("purpose", TokenPurpose),
        {"info": table_info(Access.CHANGE)},
    )

    purpose: Mapped[str] = mapped_column(Text)
    token_mac: Mapped[bytes] = mapped_column(LargeBinary)
    member_id: Mapped[uuid.UUID | None]
    device_id: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class ApiKey(TenantModel):
    __tablename__ = "api_keys"
    __table_args__ = (
        organisation_fk(),
        tenant_fk("branch_id", "branches"),
        UniqueConstraint("organisation_id", "token_mac"),
        {"info": table_info(Access.CHANGE)},
    )

    name: Mapped[str] = mapped_column(Text)
    token_mac: Mapped[bytes] = mapped_column(LargeBinary)
    last4: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    branch_id: Mapped[uuid.UUID | None]
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]


class Device(TenantModel):
    """A kiosk or a display, bound to a branch; it can do nothing else."""

    __tablename__ = "devices"
    __table_args__ = (
        tenant_fk("branch_id", "branches"),
        UniqueConstraint("organisation_id", "token_mac"),
        one_of("kind", DeviceKind),
        {"info": table_info(Access.CHANGE)},
    )

    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    branch_id: Mapped[uuid.UUID]
    token_mac: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]
    enrolled_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]


class Throttle(Model):
    """Attempts counted in a window. `key` is a MAC: it names an account or an address unread."""

    __tablename__ = "throttles"
    __table_args__ = (
        organisation_fk(),
        Index("ix_throttles_window", "organisation_id", "window_at"),
        {"info": table_info(Access.REMOVE)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    window_at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    hits: Mapped[int]


class Customer(TenantModel):
    """A person known to the organisation by a reference. Holds no name and no contact."""

    __tablename__ = "customers"
    __table_args__ = (
        organisation_fk(),
        UniqueConstraint("organisation_id", "reference_index"),
        {"info": table_info(Access.CHANGE)},
    )

    reference_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]
    erased_at: Mapped[dt.datetime | None]


class Contact(TenantModel):
    """An address that a customer gave; the only place where it stands, and erasable."""

    __tablename__ = "contacts"
    __table_args__ = (
        organisation_fk(),
        tenant_fk("customer_id", "customers"),
        one_of("channel", ContactChannel),
        Index("ix_contacts_address", "organisation_id", "address_index"),
        {"info": table_info(Access.CHANGE)},
    )

    customer_id: Mapped[uuid.UUID | None]
    channel: Mapped[str] = mapped_column(Text)
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_index: Mapped[bytes] = mapped_column(LargeBinary)
    locale: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime]
    erased_at: Mapped[dt.datetime | None]
