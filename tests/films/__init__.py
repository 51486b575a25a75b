"""A standing hunt for films on which page, service and a plain decoder do not agree: ``make films DIR=…``."""
