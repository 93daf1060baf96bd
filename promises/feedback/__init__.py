"""What customers and staff say when they are asked: answers, never a person behind them."""
