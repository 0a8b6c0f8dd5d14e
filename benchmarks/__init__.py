"""`make bench`: how fast the parts are, as ratios against named peers on the same machine."""
