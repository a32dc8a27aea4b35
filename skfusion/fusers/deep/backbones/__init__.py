"""Networks trained on photographs, as a source of features."""
