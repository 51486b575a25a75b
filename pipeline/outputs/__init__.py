"""The kinds of output. Each is a folder here with one function ``make(prepared, folder) -> list[Artifact]``."""
