"""What a session with history keeps beyond its item: chunks of messages in a table of their own."""
