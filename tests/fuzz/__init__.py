"""A campaign of damaged files against every reader of the library.

``make fuzz`` runs it for minutes; it is no part of ``make test``. A reader is one
module here that defines a ``TARGET``, named in ``__main__.TARGETS``. What a campaign
finds becomes a test beside the reader's own.
"""
