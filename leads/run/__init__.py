"""From two scenes to leads: planning, tile processes, runners and the record of a run."""
