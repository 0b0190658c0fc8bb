"""Benches: a part of the product measured beside its peers, in one run, with bars that must be cleared."""
