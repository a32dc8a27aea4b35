"""Sums and moments over the windows of images, for the metrics."""

# SPDX-License-Identifier: BSD-3-Clause
