"""Names in statements."""


def quoted(name: str) -> str:
    """A name as it stands in a statement, whatever its characters."""
    return '"' + name.replace('"', '""') + '"'
