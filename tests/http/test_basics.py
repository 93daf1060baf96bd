"""What holds for every response, whatever it is of."""

import pytest


@pytest.mark.parametrize("path", ["/nowhere", "/static/theme.css", "/o/nobody/sign-in"])
def test_every_response_carries_the_security_headers(client, path):
    with client.get(path) as response:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
