"""Declarative base, naming convention and column shorthands shared by all rooms.

Every tenant table has the key (organisation_id, id) and refers to others by (organisation_id, …),
so that a row can neither name nor reach another organisation's row, even where row-level security
does not look (foreign-key and unique checks bypass it).
"""

import datetime as dt
import enum
import uuid
from typing import TYPE_CHECKING, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKeyConstraint, MetaData, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from promises.kernel.ids import new_id

_METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Base(DeclarativeBase):
    """The map from Python types to columns.

    The registry is named here because Flask-SQLAlchemy refuses `type_annotation_map` on a base
    whose metadata it makes itself.
    """

    metadata = _METADATA
    registry = registry(
        metadata=_METADATA,
        type_annotation_map={
            dt.datetime: DateTime(timezone=True),
            uuid.UUID: Uuid(as_uuid=True),
            dict[str, Any]: JSONB(),
            list[Any]: JSONB(),
        },
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True)

if TYPE_CHECKING:

    class Model(Base):
        """What the type checker sees in place of Flask-SQLAlchemy's dynamic class."""

        __abstract__ = True
else:
    Model = db.Model


class Access(enum.StrEnum):
    """What the application and worker roles may do with a table besides reading it."""

    APPEND = "append"  # insert only: evidence, money, decisions
    CHANGE = "change"  # insert and update
    REMOVE = "remove"  # insert, update and delete: caches and things with an expiry


def table_info(access: Access, *, tenant: bool = True) -> dict[str, object]:
    """Value for a table's `info`; privileges and the tenancy tests are derived from it."""
    return {"access": access, "tenant": tenant}


class TenantModel(Model):
    """A row of one organisation, keyed (organisation_id, id), id a UUID of version 7."""

    __abstract__ = True

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, sort_order=-2)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)


def tenant_fk(column: str, table: str, *, target: str = "id") -> ForeignKeyConstraint:
    """A foreign key that can only point inside the same organisation."""
    return ForeignKeyConstraint(
        ["organisation_id", column], [f"{table}.organisation_id", f"{table}.{target}"]
    )


def organisation_fk() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["organisation_id"], ["organisations.organisation_id"])


def one_of(column: str, values: type[enum.StrEnum], *, name: str | None = None) -> CheckConstraint:
    """A CHECK that a text column holds one of the enum's values.

    Text with a CHECK instead of a native enum: a value can be added without ALTER TYPE, and a
    downgrade leaves nothing behind.
    """
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name or f"{column}_known")


def minor_units() -> Mapped[int]:
    """A money column: whole minor units; its currency stands in a column beside it."""
    return mapped_column(BigInteger)
