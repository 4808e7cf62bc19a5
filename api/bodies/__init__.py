"""What requests and answers hold, one file per resource."""
