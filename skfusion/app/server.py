"""Start the app: Streamlit, told to stay on this machine and to tell nobody."""

# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

from importlib import resources

from .._text import say
from .sources import MAX_UPLOAD_MB

__all__ = ["LOOPBACK", "run_app", "streamlit_options"]

LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))


def run_app(address="127.0.0.1", port=8501, *, open_browser=True) -> None:
    """Serve the app until it is interrupted.

    Parameters
    ----------
    address : str, default="127.0.0.1"
        Where it listens. Any other than this machine's own lets everybody in who
        reaches it; then no paths can be typed, only files uploaded.
    port : int, default=8501
    open_browser : bool, default=True
        Show it in the browser of this machine.

    Raises
    ------
    ImportError
        If Streamlit is not installed.
    ValueError
        If the port is no port.
    """
    if isinstance(port, bool) or not 1 <= port <= 65535:
        raise ValueError(f"port={port!r}: expected a number from 1 to 65535.")
    bootstrap = _load_bootstrap()
    options = streamlit_options(address, port, open_browser)
    bootstrap.load_config_options(options)
    shown = f"[{address}]" if ":" in address else address
    say(f"skfusion app: http://{shown}:{port} (Ctrl-C ends it)")
    if address not in LOOPBACK:
        say("everybody who reaches this address can use it; there is no password")
    script = resources.files(__package__).joinpath("view", "page.py")
    bootstrap.run(str(script), False, [], options)


def _load_bootstrap():
    try:
        from streamlit.web import bootstrap
    except ImportError:
        raise ImportError(
            'The app needs Streamlit: pip install "skfusion[app]" (or pip install '
            "streamlit)."
        ) from None
    return bootstrap


def streamlit_options(address, port, open_browser) -> dict:
    """Return the settings of Streamlit, which no file and no variable overrules.

    Parameters
    ----------
    address, port, open_browser
        As for :func:`run_app`.

    Returns
    -------
    dict of str to object
        By the names of its configuration, with ``_`` for the first dot.
    """
    return {
        "browser_gatherUsageStats": False,
        "client_showErrorDetails": "none",
        "client_showErrorLinks": False,
        "client_toolbarMode": "viewer",
        "global_developmentMode": False,
        # With a greeting it would ask the outside world for its own address.
        "logger_hideWelcomeMessage": True,
        "logger_level": "warning",
        "server_address": address,
        "server_enableCORS": True,
        "server_enableXsrfProtection": True,
        "server_fileWatcherType": "none",
        "server_headless": not open_browser,
        "server_maxUploadSize": MAX_UPLOAD_MB,
        "server_port": port,
        "server_runOnSave": False,
    }
