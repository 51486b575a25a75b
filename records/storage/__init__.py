"""Where finished bytes live: a contract, kept by a folder on this machine and by S3."""
