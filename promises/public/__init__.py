"""Pages without a login: tickets, promises, kiosk, display."""
