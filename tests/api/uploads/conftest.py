"""The stores and the bucket that tests of leads/ have, for servers here."""

from tests.leads.conftest import (
    postgres,
    postgres_url,
    sqlite_url,
    template_database,
    template_file,
)
from tests.leads.uploads.conftest import s3_endpoint

__all__ = (
    "postgres",
    "postgres_url",
    "s3_endpoint",
    "sqlite_url",
    "template_database",
    "template_file",
)
