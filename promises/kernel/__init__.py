"""The pure words of the product: no framework, no database, no network."""
