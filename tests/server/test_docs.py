"""The API's page: every operation and schema with an anchor, every link leads somewhere, nothing is loaded from elsewhere, and the
policy allows this very page."""
import base64
import hashlib
import html.parser
import re
import subprocess
import tempfile
import unittest
import pathlib

import contract
import shop

VOID = {"meta", "input", "br", "img", "link", "hr"}


class Reader(html.parser.HTMLParser):
    """Ids, links, texts by tag; and whether every element is closed in order."""

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.links, self.attributes, self.faults, self.text = [], [], [], [], [], {}
        self.feed(page)
        self.faults += [f"{t} is not closed" for t in self.open]

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value))
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src"):
                self.links.append(value)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes another")

    def handle_data(self, data):
        if self.open:
            self.text[self.open[-1]] = self.text.get(self.open[-1], "") + data


class Docs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving(fresh=True)
        server = cls.scope.__enter__()
        cls.answer = server.get("/docs")
        cls.page = cls.answer.body.decode()
        cls.read = Reader(cls.page)
        cls.api = contract.Api()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def test_it_is_well_formed_and_every_anchor_is_there_once(self):
        self.assertEqual(self.answer.headers["content-type"], "text/html; charset=utf-8")
        self.assertEqual(self.read.faults, [])
        self.assertEqual(len(self.read.ids), len(set(self.read.ids)))
        for name in [*self.api.operations, *(f"schema-{n}" for n in self.api.document["components"]["schemas"])]:
            self.assertIn(name, self.read.ids)

    def test_every_link_leads_to_an_anchor_or_to_this_server(self):
        for link in self.read.links:
            if link.startswith("#"):
                self.assertIn(link[1:], self.read.ids)
            else:
                self.assertEqual(link, "/openapi.yaml")

    def test_every_operation_shows_its_path_its_answers_and_their_codes(self):
        for op in self.api.operations.values():
            section = re.search(rf'<section class="operation" id="{op.id}">(.*?)</section>', self.page, re.S)[1]
            self.assertIn(f"<code>{op.path}</code>", section)
            for status, answer in op.spec["responses"].items():
                self.assertIn(f">{status}</dt>", section)
                for code in re.findall(r"`([a-z_]+)`", self.api.resolve(answer)["description"]):
                    self.assertIn(f"<code>{code}</code>", section)
            self.assertIn("curl", section)

    def test_nothing_is_loaded_and_the_policy_allows_its_own_style_and_script_alone(self):
        policy = dict(p.strip().split(" ", 1) for p in self.answer.headers["content-security-policy"].split(";"))
        self.assertEqual(policy["default-src"], "'none'")
        for part, text in (("style-src", self.read.text["style"]), ("script-src", self.read.text["script"])):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            self.assertEqual(policy[part], f"'sha256-{digest}'")
        self.assertNotIn("unsafe", self.answer.headers["content-security-policy"])
        self.assertIsNone(re.search(r"(src|action)=|@import|url\(|fetch\(|XMLHttp|innerHTML|eval\(", self.page))
        self.assertEqual([a for a in self.read.attributes if a[1].startswith("on") or a[1] == "style"], [])

    def test_it_is_made_for_small_screens_and_keyboards(self):
        self.assertIn('name="viewport" content="width=device-width, initial-scale=1"', self.page)
        self.assertIn('<html lang="en">', self.page)
        self.assertIn('<label for="find">', self.page)
        self.assertIn("@media (max-width", self.read.text["style"])

    def test_what_the_description_says_is_shown_and_never_markup_of_its_own(self):
        with tempfile.TemporaryDirectory() as top:
            source = pathlib.Path(top) / "api.yaml"
            source.write_text('openapi: 3.1.0\ninfo: {title: "<b>T</b>", version: "1", description: "a `<x>` *b* \\n\\n- one\\n- two"}\n'
                              'tags: [{name: t}]\npaths:\n  /a:\n    get:\n      tags: [t]\n      operationId: a\n      summary: "<script>alert(1)</script>"\n'
                              '      parameters: [{name: "<q>", in: query, schema: {type: string, pattern: "<p>"}}]\n'
                              '      responses: {"200": {description: "<i>", content: {application/json: {schema: {type: object}, example: {"<k>": "</code>"}}}}}\n'
                              'components: {schemas: {}}\n')
            subprocess.run(["/usr/bin/python3", "-B", shop.SOURCE / "server" / "docs" / "render.py", source, top], check=True)
            page = (pathlib.Path(top) / "docs.html").read_text()
        self.assertEqual(page.count("<script>"), 1)
        for raw in ("<b>T", "<x>", "<q>", "<p>alert", "<i>", "<k>"):
            self.assertNotIn(raw, page)
        self.assertIn("<ul><li>one</li><li>two</li></ul>", page)
        self.assertEqual(Reader(page).faults, [])


if __name__ == "__main__":
    unittest.main()
