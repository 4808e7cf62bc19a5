"""Values and pure functions on grids, rasters, candidates and zones; nothing here opens a file."""
