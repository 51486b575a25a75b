"""Random secrets, the files that hold them, and the keys derived from them."""
