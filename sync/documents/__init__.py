"""Documents in and out, and the journal's heads that they carry."""
