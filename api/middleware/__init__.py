"""What every request passes: authentication, cookies, headers, limits."""
