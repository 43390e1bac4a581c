"""The same programs on one device, on many, and on many hosts."""
