"""Messages to customers and staff: an outbox that flows write to, letters, channels, the log."""
