"""Accounts: passwords, log-in, sessions, and which role may ask for what."""
