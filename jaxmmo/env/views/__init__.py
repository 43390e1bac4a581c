"""Views: what of a world each agent observes."""
