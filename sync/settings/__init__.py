"""The configuration: systems, people, routes, limits and trackers."""
