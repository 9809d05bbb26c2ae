"""What is SQLite's own: its file, its connections, forks, and how its tables are made."""
