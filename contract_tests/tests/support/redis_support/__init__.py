"""What the tests of the Redis backend share."""
