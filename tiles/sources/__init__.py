"""Where passes come from: catalogues and services are asked what there is, and fetched from."""
