"""Photos laid on flat ground by their pose, and brought together where they overlap."""
