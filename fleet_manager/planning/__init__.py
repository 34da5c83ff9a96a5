"""Algorithms over the domain: routes, traffic, estimates, assignment. Pure: values in, values out."""
