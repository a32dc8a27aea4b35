"""From both images straight to the fused one, by convolutions."""
