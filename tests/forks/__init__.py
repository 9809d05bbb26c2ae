"""What a fork does to whatever is open."""
