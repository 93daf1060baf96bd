"""The frame of every list."""

import uuid
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema

from promises.api.fields import Flag, Id, Many, Nested, Part

EXAMPLE_ID = "0195a1c4-7d32-7c11-9a52-3f0a7a6d1e01"
OTHER_ID = "0195a1c4-8e10-7f6b-8b1d-0c9d5e2f4a02"
MORE = {"has_more": True, "next": EXAMPLE_ID}


def page_of(row: type[Schema]) -> type[Schema]:
    """The schema of a page of such rows."""
    return Part.from_dict(
        {
            "data": Many(Nested(row), required=True),
            "has_more": Flag(required=True, metadata={"description": "Whether `next` leads on."}),
            "next": Id(
                required=True,
                allow_none=True,
                metadata={"description": "Send it as `after` for the next page."},
            ),
        },
        name=f"{row.__name__.removesuffix('Schema')}Page",
    )


def page_document(rows: list[Mapping[str, Any]], following: uuid.UUID | None) -> dict[str, Any]:
    return {"data": rows, "has_more": following is not None, "next": following}


def page_example(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"data": [row], "has_more": False, "next": None}
