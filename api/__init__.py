"""HTTP in, HTML out; who asks and what they may see; the command line."""
