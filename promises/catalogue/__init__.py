"""Problems, proposals, decisions, promises and their versions."""
