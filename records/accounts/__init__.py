"""Who may ask: accounts, what they prove themselves with, and what each may do."""
