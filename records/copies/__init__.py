"""The register of copies: what left the service, to whom, until when, and what came back."""
