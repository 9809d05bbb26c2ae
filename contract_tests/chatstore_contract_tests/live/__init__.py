"""`chatstore contract URL`: the suite on a live deployment, in a namespace of its own there."""
