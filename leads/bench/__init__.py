"""How fast and how large: measured on this machine, in ratios where there is a peer."""
