"""How much each colour counts in the luma of a pixel."""

# SPDX-License-Identifier: BSD-3-Clause

# Red, green and blue of ITU-R BT.601; the weights of cv2.cvtColor and (to 3 digits) of
# MATLAB's rgb2gray.
LUMA = (0.299, 0.587, 0.114)
