"""Decides, remembers, acts: the record, the cycle and the commands."""
