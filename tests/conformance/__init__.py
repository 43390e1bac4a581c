"""jaxmmo held against recordings of the original engine; `python -m tests.conformance --help`."""
