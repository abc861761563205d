"""Lets in whom its callers are, and greets them. Needs google-auth, requests and CacheControl."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cachecontrol
import google.auth.transport.requests
import requests
from google.auth.exceptions import TransportError
from google.oauth2 import id_token

AUDIENCE = os.environ["AUDIENCE"]
CALLERS = os.environ["CALLERS"].split(",")
CERTS_URL = os.environ.get("CERTS_URL", "https://www.googleapis.com/oauth2/v1/certs")
ISSUERS = ("https://accounts.google.com", "accounts.google.com")

# Without a cache the certificates would be fetched for each token.
session = cachecontrol.CacheControl(requests.Session())
fetch = google.auth.transport.requests.Request(session=session)


def caller_of(headers):
    """Answers a status, and the caller's e-mail if it is 200."""
    scheme, _, token = " ".join(headers.get_all("Authorization", [])).partition(" ")
    if scheme.lower() != "bearer":
        return 401, None
    try:
        # Without an audience, any token of Google's would do.
        claims = id_token.verify_token(token, fetch, audience=AUDIENCE, certs_url=CERTS_URL)
    except TransportError:
        return 503, None
    except Exception:  # Whatever it cannot read is no token. Its words stay here: some of them quote the token.
        return 401, None
    if claims.get("iss") not in ISSUERS or claims.get("email_verified") is not True:
        return 401, None
    email = claims.get("email")
    return (200, email) if email in CALLERS else (403, None)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        status, email = caller_of(self.headers)
        body = f"hello, {email}".encode() if status == 200 else b""
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    assert AUDIENCE and all(CALLERS), "AUDIENCE and CALLERS must not be empty"
    server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Receiver)
    print(f"listening on port {server.server_port}", flush=True)
    server.serve_forever()
