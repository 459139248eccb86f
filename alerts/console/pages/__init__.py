"""The pages, a file each: a router, and its templates beside those of the others."""
