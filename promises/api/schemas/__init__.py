"""What goes into the operations and comes out, a module a room."""
