"""Providers of our own that tests talk to over real sockets."""
