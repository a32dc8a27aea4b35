"""The page: widgets around what the other modules of the app compute."""

# SPDX-License-Identifier: BSD-3-Clause
