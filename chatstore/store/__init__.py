"""The portable store: arguments in, an engine, records out."""
