"""The HTTP interface, one router per resource."""
