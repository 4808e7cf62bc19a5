"""Hypothesis profiles: on how many examples a law is tried, and whether always on the same."""

import os

from hypothesis import HealthCheck, settings

# a shared machine may stall at any moment, which says nothing about a law
CALM = (HealthCheck.too_slow,)

settings.register_profile("quick", deadline=None, max_examples=50, suppress_health_check=CALM)
settings.register_profile(
    "steady", settings.get_profile("quick"), derandomize=True, database=None, print_blob=True
)
settings.register_profile("soak", settings.get_profile("quick"), max_examples=2000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "steady" if "CI" in os.environ else "quick")
)
