"""The store: sites, leads, layers, scenes, runs, accounts and events, in SQLite or PostGIS."""
