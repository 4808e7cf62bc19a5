"""Flights: from what an operator uploaded to runs, and from leads to flights."""
