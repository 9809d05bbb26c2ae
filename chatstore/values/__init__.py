"""One door for values: whatever a caller gives becomes plain, or is refused."""
