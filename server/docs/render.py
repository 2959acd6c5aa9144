"""openapi.yaml as one web page that needs nothing else: no network, no script to be read by.

    render.py openapi.yaml OUT_FOLDER

writes docs.html, and docs.headers: its Content-Security-Policy, which allows this very style and script and nothing else, and
its ETag. Every operation, schema and tag has an anchor; the script only filters the list of operations.
"""
import base64
import hashlib
import html
import json
import pathlib
import re
import sys

import yaml

METHODS = ("get", "post", "put", "patch", "delete")
ACCESS = {"public": "anyone", "session": "signed in", "owner": "its owner", "admin": "administrators"}
HERE = pathlib.Path(__file__).parent


def escaped(text):
    return html.escape(str(text), quote=True)


def inline(text):
    """Code, emphasis and bare code words of CommonMark; the rest as it is."""
    out = []
    for i, part in enumerate(re.split(r"`([^`]+)`", text)):
        if i % 2:
            out.append(f"<code>{escaped(part)}</code>")
        else:
            out.append(re.sub(r"\*([^*\s][^*]*)\*", r"<em>\1</em>", escaped(part)))
    return "".join(out)


def prose(text):
    """Paragraphs, and lists of lines that begin with a dash."""
    out = []
    for block in re.split(r"\n\s*\n", (text or "").strip()):
        lines = block.splitlines()
        if lines and all(re.match(r"\s*- |\s{2,}", line) for line in lines):
            items = re.split(r"(?m)^\s*- ", block)[1:]
            out.append("<ul>" + "".join(f"<li>{inline(' '.join(i.split()))}</li>" for i in items) + "</ul>")
        elif block.strip():
            out.append(f"<p>{inline(' '.join(block.split()))}</p>")
    return "".join(out)


class Page:
    def __init__(self, api):
        self.api = api

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            at = self.api
            for part in node["$ref"][2:].split("/"):
                at = at[part]
            node = at
        return node

    # ---- schemas ----

    def type_of(self, schema):
        """One line: a link for a named schema, else what it is."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            return f'<a href="#schema-{escaped(name)}">{escaped(name)}</a>'
        for word, joint in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
            if word in schema and not (word == "anyOf" and all(set(s) == {"required"} for s in schema[word])):
                return joint.join(self.type_of(s) for s in schema[word])
        kind = schema.get("type", "any")
        kinds = kind if isinstance(kind, list) else [kind]
        words = [f"list of {self.type_of(schema['items'])}" if k == "array" and "items" in schema else escaped(k) for k in kinds]
        if "enum" in schema:
            return " | ".join(f"<code>{escaped(v)}</code>" for v in schema["enum"])
        if "const" in schema:
            return f"<code>{escaped(schema['const'])}</code>"
        return " or ".join(words)

    def bounds_of(self, schema):
        schema = {**self.resolve(schema), **schema} if "$ref" in schema else schema
        found = []
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is not None or high is not None:
            found.append(f"{low if low is not None else ''} .. {high if high is not None else ''}".strip())
        for word, text in (("minLength", "at least {} characters"), ("maxLength", "at most {} characters"), ("minItems", "at least {}"),
                           ("maxItems", "at most {}"), ("pattern", "like {}"), ("format", "{}"), ("default", "default {}")):
            if word in schema:
                found.append(text.format(json.dumps(schema[word]) if word == "default" else schema[word]))
        return escaped("; ".join(found))

    def members(self, schema, depth=0):
        """The members of an object, those of nested unnamed ones indented below it."""
        schema = schema if depth else self.resolve(schema)
        if "allOf" in schema:
            return "".join(self.members(self.resolve(s), depth) for s in schema["allOf"])
        for word in ("oneOf", "anyOf"):
            if word in schema and "properties" not in schema:
                return "".join(self.members(s, max(depth, 1)) for s in schema[word] if "$ref" not in s)
        if schema.get("type") == "array" and "$ref" not in schema.get("items", {}):
            return self.members(schema.get("items", {}), max(depth, 1))
        rows = []
        for name, member in schema.get("properties", {}).items():
            needed = ' <b class="needed">required</b>' if name in schema.get("required", []) else ""
            rows.append(f'<tr><td class="d{min(depth, 4)}"><code>{escaped(name)}</code>{needed}</td><td>{self.type_of(member)} '
                        f'<small>{self.bounds_of(member)}</small></td><td>{inline(member.get("description", ""))}</td></tr>')
            if "$ref" not in member and depth < 4:
                inner = member.get("items", {}) if member.get("type") == "array" else member
                if "$ref" not in inner:
                    rows.append(self.members(inner, depth + 1))
        return "".join(rows)

    def table(self, rows):
        return f'<div class="wide"><table>{rows}</table></div>' if rows else ""

    def sample(self, schema, depth=0):
        """A value that the schema allows, for where no example is given."""
        schema = self.resolve(schema)
        if schema.get("examples"):
            return schema["examples"][0]
        for word in ("example", "const", "default"):
            if word in schema:
                return schema[word]
        if "enum" in schema:
            return schema["enum"][0]
        if "allOf" in schema:
            merged = {}
            for s in schema["allOf"]:
                value = self.sample(s, depth)
                merged.update(value if isinstance(value, dict) else {})
            return merged
        for word in ("oneOf", "anyOf"):
            if word in schema and "properties" not in schema:
                return self.sample(schema[word][0], depth)
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            required = schema.get("required", [])
            return {} if depth > 5 else {n: self.sample(s, depth + 1) for n, s in schema.get("properties", {}).items()
                                         if not required or n in required or depth == 0}
        if kind == "array":
            return [self.sample(schema.get("items", {}), depth + 1)] if depth < 6 else []
        if schema.get("format") == "date-time":
            return "2026-11-26T08:00:00.000Z"
        return {"integer": schema.get("minimum", 1), "number": 1.5, "boolean": True}.get(kind, "text")

    def examples_of(self, media):
        """(title, value): the description's own, else one that is made."""
        if "example" in media:
            return [("", media["example"])]
        if media.get("examples"):
            named = {name: self.resolve(e) for name, e in media["examples"].items()}
            return [(e.get("summary", name), e["value"]) for name, e in named.items()]
        return []

    # ---- operations ----

    def code(self, value):
        return f"<pre><code>{escaped(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))}</code></pre>"

    def content(self, content, made):
        out = []
        for kind, media in content.items():
            schema = media.get("schema", {})
            out.append(f'<p><code>{escaped(kind)}</code>: {self.type_of(schema)}</p>')
            if "$ref" not in schema:
                out.append(self.table(self.members(schema)))
            examples = self.examples_of(media)
            if not examples and made and kind == "application/json":
                examples = [("made from the schema", self.sample(schema))]
            for title, value in examples:
                out.append(f"<details><summary>Example{': ' + escaped(title) if title else ''}</summary>{self.code(value)}</details>")
        return "".join(out)

    def curl(self, method, path, op, parameters):
        query = "&".join(f"{p['name']}=..." for p in parameters if p["in"] == "query" and p.get("required"))
        parts = [f"curl{'' if method == 'GET' else ' -X ' + method}"]
        if op.get("x-access", "public") != "public":
            parts.append("-H 'Authorization: Bearer KEY'")
        content = self.resolve(op.get("requestBody", {})).get("content", {})
        if "application/json" in content:
            examples = self.examples_of(content["application/json"])
            body = examples[0][1] if examples else self.sample(content["application/json"]["schema"])
            parts += ["-H 'Content-Type: application/json'", "-d '" + json.dumps(body, ensure_ascii=False).replace("'", "'\\''") + "'"]
        elif content:
            parts.append("--data-binary @FILE")
        parts.append(f"'http://127.0.0.1:8080{path}{'?' + query if query else ''}'")
        return self.code(" \\\n  ".join(parts))

    def operation(self, method, path, op, shared):
        parameters = [self.resolve(p) for p in shared + op.get("parameters", [])]
        rows = "".join(f'<tr><td><code>{escaped(p["name"])}</code>{" <b class=needed>required</b>" if p.get("required") else ""}</td>'
                       f'<td>{escaped(p["in"])}</td><td>{self.type_of(p.get("schema", {}))} <small>{self.bounds_of(p.get("schema", {}))}</small></td>'
                       f'<td>{inline(p.get("description", ""))}</td></tr>' for p in parameters)
        body = self.resolve(op.get("requestBody", {}))
        answers = []
        for status, answer in op["responses"].items():
            answer = self.resolve(answer)
            headers = ", ".join(f"<code>{escaped(h)}</code>" for h in answer.get("headers", {}))
            answers.append(f'<dt class="s{str(status)[0]}">{escaped(status)}</dt><dd>{prose(answer.get("description", ""))}'
                           f'{"<p>Fields: " + headers + "</p>" if headers else ""}'
                           f'{self.content(answer.get("content", {}), str(status).startswith("2")) if str(status).startswith("2") else ""}</dd>')
        access = op.get("x-access", "public")
        return (f'<section class="operation" id="{escaped(op["operationId"])}"><h3><a href="#{escaped(op["operationId"])}">'
                f'<b class="method {method.lower()}">{method}</b> <code>{escaped(path)}</code></a> <span class="access {access}">{ACCESS[access]}</span></h3>'
                f'<p class="summary">{inline(op.get("summary", ""))}</p>{prose(op.get("description"))}'
                + (f"<h4>Parameters</h4>{self.table(rows)}" if rows else "")
                + (f'<h4>Body</h4>{prose(body.get("description"))}{self.content(body["content"], True)}' if body else "")
                + f'<h4>Answers</h4><dl>{"".join(answers)}</dl><details><summary>curl</summary>{self.curl(method, path, op, parameters)}</details></section>')

    def by_tag(self):
        found = {t["name"]: [] for t in self.api["tags"]}
        for path, item in self.api["paths"].items():
            for method in METHODS:
                if method in item:
                    op = item[method]
                    found[op["tags"][0]].append((method.upper(), path, op, item.get("parameters", [])))
        return found

    def render(self, style, script):
        info, tags = self.api["info"], self.by_tag()
        about = {t["name"]: t.get("description", "") for t in self.api["tags"]}
        nav = "".join(f'<li class="tag"><a href="#tag-{escaped(t)}">{escaped(t)}</a><ul>' +
                      "".join(f'<li data-find="{escaped(" ".join((m, p, op["operationId"], op.get("summary", ""))).lower())}">'
                              f'<a href="#{escaped(op["operationId"])}"><b class="method {m.lower()}">{m}</b> {escaped(p)}</a></li>'
                              for m, p, op, _ in ops) + "</ul></li>" for t, ops in tags.items() if ops)
        main = "".join(f'<h2 id="tag-{escaped(t)}">{escaped(t)}</h2>{prose(about[t])}' + "".join(self.operation(*o) for o in ops)
                       for t, ops in tags.items() if ops)
        schemas = "".join(f'<section class="schema" id="schema-{escaped(n)}"><h3><a href="#schema-{escaped(n)}">{escaped(n)}</a></h3>'
                          f'{prose(s.get("description"))}<p>{self.type_of(s)} <small>{self.bounds_of(s)}</small></p>{self.table(self.members(s))}</section>'
                          for n, s in self.api["components"]["schemas"].items())
        return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
                f'<title>{escaped(info["title"])} API</title><style>{style}</style></head><body>'
                f'<nav><details id="menu" open><summary>{escaped(info["title"])} API</summary>'
                f'<label for="find">Find an operation</label><input id="find" type="search" autocomplete="off">'
                f'<ul id="operations">{nav}<li class="tag"><a href="#schemas">schemas</a></li></ul></details></nav>'
                f'<main><h1>{escaped(info["title"])} API <small>{escaped(info["version"])}</small></h1><p>{inline(info.get("summary", ""))}</p>'
                f'{prose(info["description"])}<p>The same as <a href="/openapi.yaml">OpenAPI 3.1</a>.</p>{main}<h2 id="schemas">schemas</h2>{schemas}</main>'
                f'<script>{script}</script></body></html>\n')


def source_hash(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def main():
    api = yaml.safe_load(pathlib.Path(sys.argv[1]).read_text())
    out = pathlib.Path(sys.argv[2])
    style, script = (HERE / "docs.css").read_text(), (HERE / "docs.js").read_text()
    page = Page(api).render(style, script)
    policy = (f"default-src 'none'; style-src {source_hash(style)}; script-src {source_hash(script)}; base-uri 'none'; form-action 'none'; "
              "frame-ancestors 'none'")
    out.mkdir(parents=True, exist_ok=True)
    (out / "docs.html").write_text(page)
    (out / "docs.headers").write_text(f"{policy}\n\"{hashlib.sha256(page.encode()).hexdigest()[:32]}\"\n")


if __name__ == "__main__":
    main()
