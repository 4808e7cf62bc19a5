"""Drone flights: photos, what is wrong with them, and images of the ground made of them."""
