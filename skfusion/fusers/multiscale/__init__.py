"""Multi-scale transforms: pyramids, wavelets, singular values, cosine harmonics."""
