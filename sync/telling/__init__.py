"""What people are told: why a value is what it is, and whether all is in step."""
