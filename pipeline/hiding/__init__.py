"""Covering somebody who should not be seen."""
