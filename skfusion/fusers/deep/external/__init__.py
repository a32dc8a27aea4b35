"""Networks from outside: modules and ONNX files."""
