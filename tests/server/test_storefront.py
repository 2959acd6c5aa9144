"""The shop's pages as they are served: the same HTML at every path, files that never change under their version, a policy that
lets nothing else run, a small first view; and no question in their scripts that the API does not know."""
import gzip
import re
import unittest

import contract
import shop

PAGES = ("/", "/category/Home%20%3E%20Kitchen", "/search?q=pot", "/product/p1", "/cart", "/checkout", "/orders", "/orders/1", "/login",
         "/register", "/account", "/wishlist")
WEB = shop.SOURCE / "server" / "web"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
FIRST_VIEW = 100_000  # bytes


def files():
    return sorted(p for p in WEB.rglob("*") if p.suffix in TYPES)


def imports(path):
    """Files that a module loads before it runs."""
    return {(path.parent / m).resolve() for m in re.findall(r'^import .* from "(\.[^"]+)";$', path.read_text(), re.M)}


def with_imports(*roots):
    found, todo = set(), [(WEB / r).resolve() for r in roots]
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo += imports(path)
    return found


class Storefront(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()
        cls.page = cls.server.get("/")
        cls.html = cls.page.body.decode()
        cls.version = re.search(r"/web/(\w+)/app\.js", cls.html)[1]

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def file(self, path, method="GET", **headers):
        return self.server.ask(method, f"/web/{self.version}/{path.relative_to(WEB).as_posix()}", headers=headers)

    def test_every_page_is_the_same_document(self):
        for path in PAGES:
            got = self.server.get(path)
            self.assertEqual((got.status, got.body), (200, self.page.body), path)
            self.assertEqual(got.headers["content-type"], "text/html; charset=utf-8")
            self.assertEqual(got.headers["cache-control"], "no-cache")

    def test_pages_stand_in_front_of_nothing_else(self):
        for path, kind in (("/docs", "text/html"), ("/healthz", "application/json"), ("/openapi.yaml", "application/yaml"), ("/v1/products", "application/json")):
            got = self.server.get(path)
            self.assertEqual(got.status, 200, path)
            self.assertIn(kind, got.headers["content-type"])
            self.assertNotEqual(got.body, self.page.body)
        for path in ("/nothing", "/v1", "/v1/nothing", "/product", "/product/", "/product/a/b", "/web/x", f"/web/{self.version}/nothing.js",
                     f"/web/{self.version}/index.html", f"/web/{self.version}/parts/..%2Fapp.js", "/web/0/app.js"):
            got = self.server.get(path)
            self.assertEqual((got.status, got.headers["content-type"]), (404, "application/problem+json"), path)

    def test_the_policy_lets_only_our_files_run(self):
        policy = dict((d.split(" ", 1) + [""])[:2] for d in self.page.headers["content-security-policy"].split("; "))
        self.assertEqual(policy["default-src"], "'none'")
        for kind in ("script-src", "style-src", "connect-src"):
            self.assertEqual(policy[kind], "'self'", kind)
        for kind in ("base-uri", "form-action", "frame-ancestors"):
            self.assertEqual(policy[kind], "'none'", kind)
        self.assertEqual(policy["require-trusted-types-for"], "'script'")
        self.assertNotRegex(self.html, r"<style|style=|\son\w+=|<script(?![^>]*\ssrc=)[^>]*>|javascript:")

    def test_files_are_kept_for_ever_under_their_version(self):
        tags = {}
        for path in files():
            got = self.file(path)
            self.assertEqual((got.status, got.body), (200, path.read_bytes()), path)
            self.assertEqual(got.headers["content-type"], TYPES[path.suffix])
            self.assertEqual(got.headers["cache-control"], "public, max-age=31536000, immutable")
            self.assertEqual(got.headers["x-content-type-options"], "nosniff")
            self.assertRegex(got.headers["etag"], r'^"[0-9a-f]{32}"$')
            self.assertIn(tags.setdefault(got.headers["etag"], path), (path,))
            self.assertNotIn("set-cookie", got.headers)

    def test_files_are_packed_for_those_who_take_it(self):
        for path in files():
            plain, packed = self.file(path), self.file(path, **{"Accept-Encoding": "br, gzip;q=0.5"})
            self.assertEqual((packed.status, packed.headers["content-encoding"], gzip.decompress(packed.body)), (200, "gzip", plain.body), path)
            self.assertEqual((packed.headers["content-type"], packed.headers["vary"], plain.headers["vary"]), (plain.headers["content-type"], "Accept-Encoding", "Accept-Encoding"))
            self.assertNotEqual(packed.headers["etag"], plain.headers["etag"])
        css = WEB / "style.css"
        for accept, coding in (("gzip", "gzip"), ("deflate,GZIP ", "gzip"), ("gzip; q=1.0", "gzip"), ("gzip;q=0", None), ("gzip;q=0.000, br", None), ("xgzip", None),
                               ("gzip2", None), ("", None), (",,;=", None), ("identity", None)):
            self.assertEqual(self.file(css, **{"Accept-Encoding": accept}).headers.get("content-encoding"), coding, accept)
        again = self.file(css, **{"Accept-Encoding": "gzip", "If-None-Match": self.file(css, **{"Accept-Encoding": "gzip"}).headers["etag"]})
        self.assertEqual((again.status, again.body), (304, b""))

    def test_what_is_unchanged_is_not_sent_again(self):
        for got in (self.page, self.file(WEB / "style.css")):
            self.assertFalse(got.headers["etag"].startswith("W/"))
        again = self.server.ask("GET", "/cart", headers={"If-None-Match": self.page.headers["etag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        self.assertIn("content-security-policy", again.headers)
        css = self.file(WEB / "style.css")
        again = self.file(WEB / "style.css", **{"If-None-Match": f'"other", {css.headers["etag"]}'})
        self.assertEqual((again.status, again.body), (304, b""))
        head = self.file(WEB / "style.css", method="HEAD")
        self.assertEqual((head.status, head.body, head.headers["content-length"]), (200, b"", str(len(css.body))))

    def test_whatever_the_pages_load_is_there(self):
        for path in re.findall(r'(?:href|src)="(/web/[^"]+)"', self.html):
            self.assertEqual(self.server.get(path).status, 200, path)
        early = {(WEB / p).resolve() for p in re.findall(r'modulepreload" href="/web/\w+/([^"]+)"', self.html)}
        self.assertEqual(early, with_imports("app.js", "pages/home.js") - {WEB / "app.js", WEB / "pages" / "home.js"})
        for path in files():
            for other in imports(path) if path.suffix == ".js" else ():
                self.assertTrue(other.is_file(), f"{path.name} imports {other}")
        pages = dict(re.findall(r'\$/, "(\w+)", "([^"]*)"\]', (WEB / "router.js").read_text()))
        self.assertEqual({f"{p}.js" for p in pages}, {p.name for p in (WEB / "pages").iterdir()})
        there = with_imports("app.js", "pages/home.js")
        for page, needs in pages.items():
            self.assertEqual({(WEB / f"{n}.js").resolve() for n in needs.split()}, with_imports(f"pages/{page}.js") - there - {(WEB / "pages" / f"{page}.js").resolve()}, page)

    def test_the_first_view_is_small(self):
        code = sum(p.stat().st_size for p in with_imports("app.js", "pages/home.js"))
        style = sum((WEB / n).stat().st_size for n in ("style.css", "icon.svg"))
        q = "fields=title,brand,category,price,in_stock,rating,images"
        asked = [self.server.get("/v1/categories"), self.server.get("/v1/session"), self.server.get(f"/v1/products?limit=12&sort=newest&{q}"),
                 self.server.get("/v1/trending?limit=12"), self.server.post("/v1/recommendations", {"limit": 12, "explain": True, "fields": q[7:].split(",")})]
        self.assertEqual({a.status for a in asked}, {200})
        total = len(self.page.body) + code + style + sum(len(a.body) for a in asked)
        self.assertLess(total, FIRST_VIEW)

    def test_scripts_ask_only_what_the_api_knows(self):
        known = {(op.method, re.sub(r"\{\w+\}", "{}", op.path)) for op in contract.Api().operations.values()}
        for place in ("api.js", "console/ask.js"):
            with self.subTest(place):
                self.asked_of_the_api(known, (WEB / place).read_text())
        for path in files():
            for asked in re.findall(r'(?:fetch|sendBeacon)\("([^"]+)"', path.read_text()):
                self.assertIn(("POST", asked), known, path)

    def asked_of_the_api(self, known, text):
        asked = re.findall(r'ask\("([A-Z]+)", (?:path`([^`]+)`|"([^"]+)")', text)
        self.assertEqual(len(asked), text.count('ask("'))
        for method, template, plain in asked:
            self.assertIn((method, re.sub(r"\$\{\w+\}", "{}", template or plain)), known)

    def test_no_script_turns_text_into_html(self):
        for path in files():
            if path.suffix == ".js":
                self.assertNotRegex(path.read_text(), r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|https?://(?!www\.w3\.org/2000/svg)", path)


if __name__ == "__main__":
    unittest.main()
