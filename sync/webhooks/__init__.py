"""Listens for the trackers' webhooks: each is a hint, kept beside the record, that an issue wants to be read."""
