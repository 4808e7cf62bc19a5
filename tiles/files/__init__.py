"""Raster files and what they say of themselves: bands, dates, places; opened with little trust."""
