"""One tick of the second game in which all act at once: no phase depends on an order of agents.

Every phase is a rule for everybody together. Where several want one thing, `order` says who gets
it. Phases follow one another as in the original.
"""
