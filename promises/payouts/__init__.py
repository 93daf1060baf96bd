"""Instructions to move money, their attempts, vouchers and rails."""
