"""Everything on one machine: the parts that ``vigpack up`` starts and watches."""
