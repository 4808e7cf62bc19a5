"""Uploads: bytes that arrive piece by piece, and the depot that keeps originals."""
