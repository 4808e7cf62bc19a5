"""How fast the networks run, beside others and beside the processor itself."""
