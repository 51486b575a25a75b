"""The right to see: everything the service holds of one family, looked at by a person and handed out as one archive."""
