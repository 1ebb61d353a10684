"""The record: one SQLite file with the truth and its whole history."""
