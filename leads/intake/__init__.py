"""How passes come in: watched for, kept in a ledger, fetched, masked, paired and handed to runs."""
