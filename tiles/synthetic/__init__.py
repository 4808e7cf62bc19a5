"""The synthetic ground: seeded delta land with true changes, look-alikes and layers to match."""
