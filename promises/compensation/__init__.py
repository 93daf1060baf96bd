"""What is owed: compensations, holds, caps, budgets, decisions."""
