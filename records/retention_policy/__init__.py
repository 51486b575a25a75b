"""The retention policy, as configs/retention.toml or the service's own file has it: what is kept, and how long."""
