"""The firmware of a gateway: from an edge on a pin to a sealed record on the link (stages 1 to 8)."""
