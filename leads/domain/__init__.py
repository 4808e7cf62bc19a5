"""Values of leads and the tables of rules: pure."""
