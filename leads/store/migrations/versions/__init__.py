"""One module per migration; a published one is never changed."""
