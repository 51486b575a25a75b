"""A film and a list of moments in, finished packs out."""
