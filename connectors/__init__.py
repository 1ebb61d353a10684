"""Speaks to trackers: issues, never POA&Ms. `base` is the port, `errors` what can go wrong behind it."""
