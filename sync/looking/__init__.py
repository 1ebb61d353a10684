"""Looks at one issue with what the record knows, and decides what follows."""
