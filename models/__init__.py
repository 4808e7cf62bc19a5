"""Detectors behind one protocol, and their evaluation; knows no store."""
