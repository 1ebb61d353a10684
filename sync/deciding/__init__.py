"""What people decide: transitions, requests, conflicts, and the fields they may set."""
