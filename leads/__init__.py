"""From candidates to leads: layers, runs, documents; serves no HTTP."""
