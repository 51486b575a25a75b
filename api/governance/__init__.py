"""Papers for information governance, written from the settings in force: Markdown, pages and PDF of the same blocks."""
