"""Measuring speed and memory: what `jaxmmo bench` runs."""
