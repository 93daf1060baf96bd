"""What a broken promise teaches: causes, the actions against them, alerts, reviews."""
