"""Forms of the staff pages, one module a room."""
