"""How well policies live: evaluation on maps nobody trained on, and its statistics."""
