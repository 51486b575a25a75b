"""python -m bench: every benchmark that needs no browser."""

from bench.prepare import main

main()
