"""Policies: networks assembled from the observation spec, and scripted ones."""
