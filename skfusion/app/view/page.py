"""The script that Streamlit runs, at each change, from top to bottom."""

# SPDX-License-Identifier: BSD-3-Clause
from skfusion.app.view.layout import draw

if __name__ == "__main__":
    draw()
