"""How well a detector does: statistics, labelled folders, and sets made up on the spot."""
