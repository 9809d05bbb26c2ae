"""What `scripts/frameworks` is made of: which frameworks there are, their environments, what is run
in them, and how it is told."""
