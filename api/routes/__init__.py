"""One module of routes for each subject."""
