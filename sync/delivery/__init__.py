"""The writes we owe the trackers: noted, sent once, bound and cleared."""
