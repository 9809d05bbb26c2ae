"""A cache in front of the store of record."""
