"""The HTTP/1.1 rules (RFC 9110, 9112), one by one: framing, fields, targets, methods, bodies, conditions."""
import os
import time
import unittest

from wire import LINE, Case

SMUGGLED = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /echo/1 HTTP/1.1\r\nHost: localhost\r\n"


class Framing(Case):
    def test_transfer_encoding_other_than_chunked_alone_is_refused(self):
        for fields in (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                       b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                       b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
                       b"Transfer-Encoding: chunked, chunked\r\n", b"Transfer-Encoding: xchunked\r\n",
                       b"Transfer-Encoding: \r\n", b"Transfer-Encoding: \x0bchunked\r\n",
                       b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                       b"Transfer-Encoding: \"chunked\"\r\n"):
            self.refused(POST + fields + b"\r\n0\r\n\r\n" + SMUGGLED, 400)

    def test_transfer_encoding_on_http_1_0_is_refused(self):
        self.refused(b"POST /echo/1 HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)

    def test_content_length_must_be_one_plain_number(self):
        for value in (b"+5", b"-5", b"5, 5", b"5,6", b"0x5", b"5.0", b"", b"5 5", b"5\xa0",
                      b"9223372036854775808", b"18446744073709551616", b"99999999999999999999999999"):
            self.refused(POST + b"Content-Length: " + value + b"\r\n\r\nhello" + SMUGGLED, 400)

    def test_content_length_repeated_with_another_value_is_refused(self):
        self.refused(POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400)
        reply = self.ask(POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")
        self.assertEqual((reply.status, reply.json()["body"]), (200, "hello"))

    def test_chunked_bodies_arrive_whole_however_they_are_cut(self):
        body = b"5;name=\"v\"\r\nhello\r\n1\r\n,\r\n6;x\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
        data = POST + b"Transfer-Encoding: Chunked\r\n\r\n" + body + SMUGGLED
        with self.server.connect() as wire:
            for i in range(len(data)):
                wire.send(data[i:i + 1])
            reply = wire.reply()
            self.assertEqual(reply.json()["body"], "hello, world")
            self.assertTrue(wire.reply().json()["hello"])

    def test_broken_chunks_are_refused(self):
        for chunk in (b"", b"g\r\n", b"-1\r\n", b"+1\r\n", b"0x5\r\nhello\r\n", b" 5\r\nhello\r\n", b"5 \r\nhello\r\n",
                      b"5\nhello\r\n", b"5\r\nhelloX\r\n", b"5\r\nhello\n", b"5\r\nhello\rX", b";x\r\n",
                      b"10000000000000000\r\n", b"FFFFFFFFFFFFFFFF\r\n", b"8000000000000000\r\n",
                      b"5;\x00\r\nhello\r\n", b"5;" + b"x" * 300 + b"\r\nhello\r\n", b"0" * 300 + b"5\r\nhello\r\n",
                      b"0\r\nno colon\r\n\r\n", b"0\r\n folded: 1\r\n\r\n", b"0\r\nA: \x00\r\n\r\n",
                      b"0\r\nA: " + b"x" * 20000 + b"\r\n\r\n", b"1;" + b"e" * 200 + b"\r\nx\r\n",):
            # the last one goes through once, but not a hundred times: extensions are bounded over the body
            times = 100 if chunk.startswith(b"1;e") else 1
            self.refused(POST + b"Transfer-Encoding: chunked\r\n\r\n" + (chunk or b"\r\n") * times, 400)

    def test_trailers_are_never_fields(self):
        data = b"POST /json HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n"
        self.refused(data + b"2\r\n{}\r\n0\r\nContent-Type: application/json\r\n\r\n", 415)

    def test_pipelined_requests_are_answered_in_order(self):
        ids = [f"n{i}" for i in range(50)]
        data = b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n"
        data += b"".join(f"GET /echo/{i} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for i in ids)
        with self.server.connect() as wire:
            wire.send(data)
            self.assertTrue(wire.reply().json()["late"])
            self.assertEqual([wire.reply().json()["id"] for _ in ids], ids)

    def test_half_closed_clients_get_their_answers(self):
        with self.server.connect() as wire:
            wire.send(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED)
            wire.socket.shutdown(1)
            self.assertTrue(wire.reply().json()["late"])
            self.assertTrue(wire.reply().json()["hello"])
            self.assertTrue(wire.closed())


class Fields(Case):
    def test_exactly_one_valid_host(self):
        self.refused(b"GET /hello HTTP/1.1\r\n\r\n", 400)
        self.refused(b"GET /hello HTTP/1.0\r\n\r\n", 400)
        self.refused(b"GET /hello HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400)
        for host in (b"", b"a b", b"a/b", b"a@b", b"a:b", b"a:123456", b"[::1", b"[::1]x", b"[]", b"a,b", b"a:1:2"):
            self.refused(b"GET /hello HTTP/1.1\r\nHost: " + host + b"\r\n\r\n", 400)
        for host in (b"localhost", b"shop.example:8080", b"[::1]:80", b"127.0.0.1", b"a:"):
            self.assertEqual(self.ask(b"GET /hello HTTP/1.1\r\nHost: " + host + b"\r\n\r\n").status, 200, host)

    def test_malformed_fields_are_refused(self):
        for field in (b"Name : v", b" folded: v", b"A: b\r\n folded", b"A: b\r\n\tfolded", b": v", b"no colon",
                      b"A(b): v", b"A\x00: v", b"A: \x00", b"A: b\rc", b"A: \x01", b"A: \x7f", b"A\xc3: v"):
            self.refused(LINE + field + b"\r\n\r\n" + SMUGGLED, 400)

    def test_line_ends_are_cr_lf(self):
        self.refused(b"GET /hello HTTP/1.1\nHost: a\n\n", 400)
        self.refused(LINE + b"A: b\n\r\n", 400)
        self.refused(b"\r\n\r\n" + LINE + b"\r\n", 400)
        self.refused(b"\n" + LINE + b"\r\n", 400)
        self.assertEqual(self.ask(b"\r\n" + LINE + b"\r\n").status, 200)

    def test_request_line_grammar(self):
        for line in (b"GET  /hello HTTP/1.1", b"GET /hello  HTTP/1.1", b"GET /hello HTTP/1.1 ", b" GET /hello HTTP/1.1",
                     b"GET\t/hello HTTP/1.1", b"GET /hello", b"GET", b"GET /hel lo HTTP/1.1", b"GET /hello http/1.1",
                     b"GET /hello HTTP/1.", b"GET /hello HTTP/1.11", b"GET /hello HTTP/x.1", b"G(T /hello HTTP/1.1",
                     b"GET hello HTTP/1.1", b"GET http://localhost/hello HTTP/1.1", b"GET /a#b HTTP/1.1",
                     b"GET /\x00 HTTP/1.1", b"GET /\xc3\xa4 HTTP/1.1", b"GET * HTTP/1.1"):
            self.refused(line + b"\r\nHost: localhost\r\n\r\n" + SMUGGLED, 400)
        self.refused(b"GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 505)

    def test_limits_of_the_head(self):
        for n, status in ((8192 - 6, 200), (8193 - 6, 414), (9000, 414), (20000, 414)):
            data = b"GET /echo/" + b"a" * n + b" HTTP/1.1\r\nHost: a\r\n\r\n"
            self.assertEqual(self.ask(data).status, status, n)
        self.refused(b"x" * 9000, 414)
        many = b"".join(b"F%d: v\r\n" % i for i in range(99))
        self.assertEqual(self.ask(LINE + many + b"\r\n").status, 200)
        self.refused(LINE + many + b"One-More: v\r\n\r\n", 431)
        self.assertEqual(self.ask(LINE + b"A: " + b"x" * 16000 + b"\r\n\r\n").status, 200)
        self.refused(LINE + b"A: " + b"x" * 17000 + b"\r\n\r\n", 431)
        self.refused(LINE + b"A: " + b"x" * 30000, 431)

    def test_connection_close_anywhere_in_the_list_closes(self):
        for fields in (b"Connection: close\r\n", b"Connection: foo, CLOSE ,bar\r\n", b"Connection: x\r\nConnection: close\r\n"):
            with self.server.connect() as wire:
                reply = wire.send(LINE + fields + b"\r\n" + SMUGGLED).reply()
                self.assertEqual((reply.status, reply["connection"]), (200, "close"))
                self.assertTrue(wire.closed())

    def test_http_1_0_closes_unless_asked_to_stay(self):
        with self.server.connect() as wire:
            self.assertEqual(wire.send(b"GET /hello HTTP/1.0\r\nHost: a\r\n\r\n").reply()["connection"], "close")
            self.assertTrue(wire.closed())
        with self.server.connect() as wire:
            for _ in range(2):
                reply = wire.send(b"GET /hello HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").reply()
                self.assertEqual(reply["connection"], "keep-alive")

    def test_every_answer_has_the_fields_that_protect_it(self):
        answers = [self.get("/hello"), self.get("/nope"), self.get("/hello", method="PUT"), self.ask(b"bad\r\n\r\n"),
                   self.get("/internal"), self.get("/stream"), self.get("/hello", method="OPTIONS"),
                   self.get("/tagged", "If-None-Match: *")]
        for a in answers:
            self.assertRegex(a["x-request-id"], "^[0-9a-f]{32}$")
            self.assertEqual(a["x-content-type-options"], "nosniff")
            self.assertEqual(a["content-security-policy"], "default-src 'none'")
            self.assertEqual(a["referrer-policy"], "no-referrer")
            self.assertEqual(a["server"], "aisle")
            self.assertRegex(a["date"], "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT$")
            self.assertEqual(a["cache-control"], "no-store" if a is not answers[-1] else "public, max-age=60")
            self.assertEqual(len(a.fields), len(dict(a.fields)))

    def test_request_ids_are_taken_when_well_formed(self):
        self.assertEqual(self.get("/hello", "X-Request-Id: my-id_1.2")["x-request-id"], "my-id_1.2")
        for bad in ("a b", "x" * 65, "a\"b", ""):
            self.assertRegex(self.get("/hello", "X-Request-Id: " + bad)["x-request-id"], "^[0-9a-f]{32}$")
        reply = self.get("/nope", "X-Request-Id: lost")
        self.assertEqual(reply.json()["request_id"], "lost")


class Routing(Case):
    def test_unknown_method_501_unsupported_method_405_unknown_path_404(self):
        self.assertEqual(self.get("/hello", method="BREW").status, 501)
        self.assertEqual(self.get("/hello", method="get").status, 501)
        reply = self.get("/echo/1", method="DELETE")
        self.assertEqual((reply.status, reply["allow"]), (405, "GET, HEAD, POST, OPTIONS"))
        self.assertEqual(reply.json()["code"], "method_not_allowed")
        for path in ("/", "/hell", "/hello/", "/hello/x", "//hello", "/echo", "/echo/", "/a" * 100, "/hello%2F"):
            self.assertEqual(self.get(path).status, 404, path)

    def test_options_lists_the_methods(self):
        reply = self.get("/echo/1", method="OPTIONS")
        self.assertEqual((reply.status, reply["allow"], reply["content-length"]), (204, "GET, HEAD, POST, OPTIONS", None))
        self.assertEqual(self.get("*", method="OPTIONS").status, 204)

    def test_head_is_get_without_the_body(self):
        with self.server.connect() as wire:
            wire.send(b"HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED)
            reply = wire.reply(head=True)
            self.assertEqual((reply.status, reply["content-length"]), (200, "14"))
            self.assertTrue(wire.reply().json()["hello"])
        with self.server.connect() as wire:
            wire.send(b"HEAD /nope HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED)
            self.assertEqual(wire.reply(head=True).status, 404)
            self.assertTrue(wire.reply().json()["hello"])
        with self.server.connect() as wire:
            self.assertEqual(wire.send(b"HEAD /open-stream HTTP/1.1\r\nHost: a\r\n\r\n").reply(head=True).status, 200)
            self.assertTrue(wire.closed())

    def test_percent_escapes_are_decoded_and_broken_ones_refused(self):
        reply = self.get("/echo/a%2Fb%20c%C3%A4%25?q=x+y%2Bz%26")
        self.assertEqual((reply.json()["id"], reply.json()["q"]), ("a/b cä%", "x y+z&"))
        self.assertEqual(self.get("/%65cho/1").status, 200)
        for bad in ("%00", "%", "%4", "%zz", "%-1", "a%0", "%C3", "%ED%A0%80", "%FF"):
            self.assertEqual(self.get("/echo/" + bad).status, 400, bad)
            self.assertEqual(self.get("/echo/1?q=" + bad).status, 400, bad)
            self.assertEqual(self.get("/echo/1?" + bad + "=1").status, 400, bad)

    def test_query_keys_without_value_are_empty_and_the_first_of_two_counts(self):
        self.assertEqual(self.get("/echo/1").json()["q"], "absent")
        for query in ("q", "q=", "&&q&", "q&q=2"):
            self.assertEqual(self.get("/echo/1?" + query).json()["q"], "", query)
        self.assertEqual(self.get("/echo/1?q=1&q=2").json()["q"], "1")
        self.assertEqual(self.get("/echo/1?q=a=b").json()["q"], "a=b")
        self.assertEqual(self.get("/echo/1?" + "&".join("k%d" % i for i in range(129))).status, 400)

    def test_strict_routes_refuse_unknown_and_duplicate_keys(self):
        self.assertEqual(self.get("/strict?limit=7").json()["limit"], 7)
        self.assertEqual(self.get("/strict").json()["limit"], 24)
        for query, code in (("limit=1&limit=1", "duplicate_parameter"), ("other=1", "unknown_parameter"),
                            ("limit=x", "wrong_type"), ("limit=", "wrong_type"), ("limit=0", "out_of_range"),
                            ("limit=99999999999999999999", "wrong_type"), ("l%0Aimit=1", "unknown_parameter")):
            reply = self.get("/strict?" + query)
            self.assertEqual((reply.status, reply.json()["errors"][0]["code"]), (422, code), query)

    def test_admin_routes_want_a_key(self):
        for fields in ((), ("Authorization: Bearer wrong",), ("Authorization: Basic key",), ("Authorization: Bearer",),
                       ("Authorization: key",)):
            reply = self.get("/admin", *fields, method="DELETE")
            self.assertEqual((reply.status, reply["www-authenticate"]), (401, "Bearer realm=\"aisle\""), fields)
            self.assertEqual(reply.json()["code"], "authentication_required")
        self.assertEqual(self.get("/admin", "Authorization: bearer key", method="DELETE").status, 200)

    def test_failures_of_the_server_do_not_tell_its_secrets(self):
        reply = self.get("/internal")
        self.assertEqual(reply.status, 500)
        self.assertNotIn(b"secret", reply.body)
        outage = self.get("/outage")
        self.assertEqual((outage.status, outage.json()["code"], outage["retry-after"]), (503, "storage_unavailable", "1"))
        self.assertNotIn(b"secret", outage.body)
        self.assertEqual(self.get("/silent").status, 500)
        self.assertEqual(self.get("/full").status, 507)

    def test_matching_etags_are_not_sent_again(self):
        for value in ("\"v1,2\"", "W/\"v1,2\"", "\"other\", \"v1,2\"", "*"):
            reply = self.get("/tagged", "If-None-Match: " + value)
            self.assertEqual((reply.status, reply["etag"], reply["content-type"]), (304, "\"v1,2\"", None), value)
        for value in ("\"v1\"", "v1,2", "\"", ""):
            self.assertEqual(self.get("/tagged", "If-None-Match: " + value).status, 200, value)
        self.assertEqual(self.get("/hello", "If-None-Match: *").status, 200)

    def test_metrics_count_by_route_and_status(self):
        def count():
            lines = self.get("/metrics").body.decode().splitlines()
            wanted = 'aisle_http_requests_total{method="GET",route="/echo/{id}",status="200"} '
            return next((int(x[len(wanted):]) for x in lines if x.startswith(wanted)), 0)
        before = count()
        self.get("/echo/1")
        self.assertEqual(count(), before + 1)


class Bodies(Case):
    def post(self, target, body, *fields):
        lines = "".join(f + "\r\n" for f in ("Host: localhost", f"Content-Length: {len(body)}") + fields)
        return self.ask(f"POST {target} HTTP/1.1\r\n{lines}\r\n".encode() + body)

    def json(self, body, kind="application/json"):
        return self.post("/json", body, "Content-Type: " + kind)

    def test_json_bodies_want_their_media_type(self):
        self.assertEqual(self.json(b"{}").status, 200)
        self.assertEqual(self.json(b"{}", "Application/JSON; charset=utf-8").status, 200)
        for kind in ("text/plain", "application/jsonp", "application/x-www-form-urlencoded", ""):
            self.assertEqual(self.json(b"{}", kind).status, 415, kind)
        self.assertEqual(self.post("/json", b"{}").status, 415)

    def test_hostile_json_is_refused(self):
        for body in (b"", b"{", b"[1", b"{}x", b"{} {}", b"1", b"\"a\"", b"{\"a\":1,\"a\":2}", b"[" * 33 + b"]" * 33,
                     b"[" * 5000, b"{\"a\":\"\\u0000\"}", b"{\"a\":\"\x00\"}", b"{}\x00", b"{\"a\":\"\\ud800\"}",
                     b"{\"a\":1e999}", b"{\"a\":9223372036854775808}", b"{\"a\":NaN}", b"{\"a\":\"\xff\"}", b"{'a':1}",
                     b"\xef\xbb\xbf{}", b"{\"a\":01}", b"{\"a\":1,}"):
            reply = self.json(body)
            self.assertEqual((reply.status, reply.json()["code"]), (422, "malformed_body"), body[:40])
        self.assertEqual(self.json(b"{\"a\":" + b"[" * 31 + b"]" * 31 + b"}").status, 200)

    def test_errors_of_members_point_at_them(self):
        reply = self.json(b"{\"limit\":0,\"name\":5}")
        self.assertEqual(reply.status, 422)
        self.assertEqual([(e["pointer"], e["code"]) for e in reply.json()["errors"]],
                         [("/limit", "out_of_range"), ("/name", "wrong_type")])
        self.assertEqual(self.json(b"[]").json()["errors"][0]["code"], "wrong_type")

    def test_too_long_bodies_are_413_before_they_are_read(self):
        self.refused(b"POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10001\r\n\r\n", 413)
        self.refused(POST + b"Content-Length: 9223372036854775807\r\n\r\n", 413)
        self.refused(POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 17, 413)
        self.refused(POST + b"Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n" + b"x" * 1100000, 413)
        self.assertEqual(self.post("/echo/1", b"x" * (1 << 20)).status, 200)

    def test_unwanted_bodies_are_thrown_away(self):
        data = b"GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + SMUGGLED
        with self.server.connect() as wire:
            wire.send(data)
            self.assertEqual([wire.reply().status, wire.reply().status], [200, 200])

    def test_expect_continue_is_met_or_refused(self):
        with self.server.connect() as wire:
            wire.send(POST + b"Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n")
            self.assertEqual(wire.reply().status, 100)
            self.assertEqual(wire.send(b"hello").reply().json()["body"], "hello")
        self.refused(POST + b"Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n", 413)
        self.refused(POST + b"Expect: magic\r\nContent-Length: 5\r\n\r\nhello", 417)
        self.assertEqual(self.ask(POST + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n").status, 200)

    def test_uploads_go_to_a_file_that_is_gone_afterwards(self):
        reply = self.post("/upload", b"z" * 300000)
        self.assertEqual(reply.json()["bytes"], 300000)
        self.assertFalse(os.path.exists(reply.json()["path"]))
        with self.server.connect() as wire:
            wire.send(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
        self.get("/hello")
        # the answer may be read before the request has ended
        until = time.monotonic() + 10
        while time.monotonic() < until and any(f.startswith("upload") for f in os.listdir(self.server.folder.name)):
            time.sleep(.01)
        self.assertEqual([f for f in os.listdir(self.server.folder.name) if f.startswith("upload")], [])

    def test_streams_deliver_events(self):
        reply = self.get("/stream")
        self.assertEqual((reply.status, reply["content-type"]), (200, "text/event-stream"))
        self.assertEqual(reply.body, b"id: 7\nevent: progress\ndata: one\ndata: two\n\ndata: {\"done\":true}\n\n")


class OpenMode(Case):
    flags = ("-o",)

    def test_only_loopback_hosts_are_answered(self):
        for host in ("localhost", "LOCALHOST:80", "127.0.0.1:8080", "127.1.2.3", "[::1]", "[::1]:80"):
            self.assertEqual(self.ask(f"GET /hello HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).status, 200, host)
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.256", "127.1",
                     "0.0.0.0", "[::2]", "localhost."):
            reply = self.ask(f"GET /hello HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            self.assertEqual((reply.status, reply.json()["code"]), (403, "access_denied"), host)

    def test_pages_of_other_sites_change_nothing(self):
        self.assertEqual(self.get("/admin", method="DELETE").status, 200)
        self.assertEqual(self.get("/admin", "Origin: http://localhost", method="DELETE").status, 200)
        for origin in ("http://evil.example", "null", "http://localhost:81", "https://localhost"):
            self.assertEqual(self.get("/admin", "Origin: " + origin, method="DELETE").status, 403, origin)


if __name__ == "__main__":
    unittest.main()
