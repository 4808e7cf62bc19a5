"""Windows of scenes brought onto one grid: the same numbers however the grid is cut."""
