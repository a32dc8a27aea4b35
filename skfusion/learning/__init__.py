"""What learns: torch fusers, weights, training, tiles, ONNX, conversion."""
