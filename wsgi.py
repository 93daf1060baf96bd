"""What a WSGI server loads: `gunicorn wsgi:app`; and the `flask` command, from this folder."""

import os

from promises.app import create_app
from promises.cli.attach import attach_when_needed
from promises.db.checks import check_at_start

app = create_app()
if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
    attach_when_needed(app.config["LUPAUS"])
else:
    check_at_start(app.config["LUPAUS"].app_url)
