"""Drafts of sites: a routing graph, doorways and rooms found in what a robot has mapped."""
