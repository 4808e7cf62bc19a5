"""Signs that only drones see: drums, bags, coloured liquid; proposed with a reason."""
