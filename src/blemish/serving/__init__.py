"""The service: detectors over HTTP, what they found kept for review, and the page to review it on.

Needs the extra ``serve``; `blemish.serving.answers`, which the client reads, needs none. ``blemish serve`` calls
`blemish.serving.running.serve`; `blemish.serving.app.create_app` gives the ASGI application for other servers.
"""
