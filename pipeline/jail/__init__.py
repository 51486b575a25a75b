"""Work with what came from outside, in a process that can reach nothing else: no network, no secret, one folder."""
