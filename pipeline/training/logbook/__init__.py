"""The logbook of a guider in training: what it holds, what a stage asks for, and the documents made of it."""
