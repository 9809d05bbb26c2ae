"""What a process is and has: forks, deadlines, what is installed, constructors' options."""
