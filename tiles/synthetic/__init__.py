"""Seeded Yangtze-delta ground: layout, season, change, camera and layers, with exact truth."""
