"""For authors of backends: what an engine is given, what it owes, and the rules that it obeys."""
