"""What a WSGI server loads: `gunicorn wsgi:app`."""

from promises.app import create_app

app = create_app()
