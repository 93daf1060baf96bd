"""The database: base classes, unit of work, tenancy, the embedded server."""
