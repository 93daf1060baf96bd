"""That a promise's closing gesture was made to a customer."""

import datetime as dt
import uuid

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, TenantModel, table_info, tenant_fk


class ClosingGesture(TenantModel):
    """Once a ticket and promise version. `day_on` is the ticket's."""

    __tablename__ = "closing_gestures"
    __table_args__ = (
        tenant_fk("ticket_id", "tickets"),
        tenant_fk("version_id", "promise_versions"),
        tenant_fk("branch_id", "branches"),
        UniqueConstraint("organisation_id", "ticket_id", "version_id"),
        Index("ix_closing_gestures_version", "organisation_id", "version_id", "day_on"),
        {"info": table_info(Access.APPEND)},
    )

    ticket_id: Mapped[uuid.UUID]
    version_id: Mapped[uuid.UUID]
    branch_id: Mapped[uuid.UUID]
    day_on: Mapped[dt.date]
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[uuid.UUID | None]
    done_at: Mapped[dt.datetime]
