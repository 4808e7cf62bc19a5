"""Custody: the one hash chain under events, audit and evidence."""
