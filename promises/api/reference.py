"""The description for programs; for people in `/api/v1/docs`."""

import json

from flask import Blueprint, Response, current_app

from promises.api.blueprint import PREFIX
from promises.http.permissions import public

blueprint = Blueprint("api_reference", __name__, url_prefix=PREFIX)


@blueprint.get("/openapi.json")
@public
def openapi() -> Response:
    document = current_app.extensions["lupaus.api"]
    return Response(json.dumps(document), content_type="application/json")
