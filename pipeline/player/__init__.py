"""The review player: one page with its scripts and styles, the same in a pack opened from the disk and on the service.

The files lie in ``page/`` and need no build: a pack carries them inside its one page, the service serves them as they
are. The scripts share one scope and run in the order of page.py; shapes.d.ts tells what they hand to one another.
"""
