"""What the machine can do at best for the same answer, written by hand, without the product."""
