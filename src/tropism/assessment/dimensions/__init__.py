"""One file per line of evidence. To add one, add a file that defines ``DIMENSION``."""
