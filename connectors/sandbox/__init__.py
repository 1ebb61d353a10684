"""Trackers on the loopback: for the demonstration, a rehearsal and the tests."""
