"""What a pass, a folder or a district comes to: pairs of scenes, and what they would take."""
