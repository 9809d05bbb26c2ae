"""The table: what it is, how it is made, and how a live one is compared with what is needed."""
