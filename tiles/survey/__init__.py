"""A bounded look at a pair of scenes before any tile: shift, gains, and a sample."""
