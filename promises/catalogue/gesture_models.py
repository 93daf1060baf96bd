"""The closing gesture that a promise version may carry."""

import uuid
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from promises.db.base import Access, Model, table_info, tenant_fk


class VersionGesture(Model):
    """A kind act at the end of a case, "a coffee on the house", in `words` by language; written
    with its version and as immutable. A version without a row carries none."""

    __tablename__ = "version_gestures"
    __table_args__ = (
        tenant_fk("version_id", "promise_versions"),
        {"info": table_info(Access.APPEND)},
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    version_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    words: Mapped[dict[str, Any]]
