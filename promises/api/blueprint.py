"""The one blueprint of version 1. It carries no organisation: the key does."""

from flask_smorest import Blueprint

PREFIX = "/api/v1"

api_v1 = Blueprint("api_v1", __name__, url_prefix=PREFIX)
