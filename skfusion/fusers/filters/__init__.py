"""Edge-preserving filters and two-scale decompositions."""
