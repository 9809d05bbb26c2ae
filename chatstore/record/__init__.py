"""What is stored: limits, checks, and the way between models and stored documents."""
