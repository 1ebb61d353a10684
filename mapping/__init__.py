"""Translates: the item, its life, the issue an engineer sees, the formal documents. Pure."""
