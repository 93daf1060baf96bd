"""Tickets, service events, queues, imports."""
