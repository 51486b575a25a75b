"""What cutting moments out of a film costs, beside what people would otherwise use. `make bench` runs it."""
