"""Imagery: scenes, survey, reading, masks, rendering and the synthetic ground; knows no lead."""
