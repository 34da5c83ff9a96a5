"""Formats a site can be written in: one module each with `write(site, path)`."""
