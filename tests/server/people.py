"""People who use the shop, for tests: registering, signing in, asking with a cookie as a browser does or with a token."""
import itertools
import re

_numbers = itertools.count(1)
PASSWORD = "correct horse battery"


class Browser:
    """Keeps the session's cookie and says the origin, as a page of the shop does."""

    def __init__(self, server, cookie=None):
        self.server, self.cookie = server, cookie

    def ask(self, method, path, body=None, headers=None, **kw):
        headers = dict(headers or {})
        headers.setdefault("Origin", f"http://127.0.0.1:{self.server.port}")
        if self.cookie:
            headers.setdefault("Cookie", f"theme=dark; aisle={self.cookie}; x=y")
        answer = self.server.ask(method, path, body, headers=headers, **kw)
        if "set-cookie" in answer.headers:
            self.cookie = re.match(r"aisle=([^;]*);", answer.headers["set-cookie"]).group(1) or None
        return answer

    def get(self, path, **kw):
        return self.ask("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.ask("POST", path, body, **kw)


def new_email(name="person"):
    return f"{name}{next(_numbers)}@shop.example"


def register(server, email=None, password=PASSWORD, browser=None, **more):
    """A new person, signed in: (browser, email, answer's user)."""
    email = email or new_email()
    browser = browser or Browser(server)
    answer = browser.post("/v1/account", {"email": email, "password": password, **more})
    assert answer.status == 201, (answer.status, answer.body)
    return browser, email, answer.json["user"]


def sign_in(server, email, password=PASSWORD, browser=None):
    browser = browser or Browser(server)
    answer = browser.post("/v1/session", {"email": email, "password": password})
    assert answer.status == 201, (answer.status, answer.body)
    return browser
