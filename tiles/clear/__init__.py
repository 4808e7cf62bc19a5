"""What was seen clear: clouds, haze and shadow, clear composites, and sight per hectare."""
