"""The first page of an answer to somebody who asked to see what is held of them."""
