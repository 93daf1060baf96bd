"""Ways of paying: the only door to a provider."""
