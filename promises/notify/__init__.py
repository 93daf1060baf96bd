"""Messages to customers and staff: an outbox and its delivery log."""
