"""Runs as jobs: carried out under a lease, tile by tile, so that a kill anywhere costs seconds."""
