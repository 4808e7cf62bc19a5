"""Pictures of leads before and after, read again from the scenes."""
