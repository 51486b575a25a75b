"""Speed and sizes, measured beside what people would otherwise use. `make bench` runs it."""
