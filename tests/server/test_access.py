"""The access table: every operation of openapi.yaml asked by everybody, the answer as its x-access says."""
import unittest

import asking
import contract
import shop

OPEN = "neither refused nor failed"


def expected(access, who):
    """The statuses that this cell of the table allows."""
    return {
        "public": {"anonymous": OPEN, "other": OPEN, "owner": OPEN, "admin": OPEN},
        # A person's own affairs: a key that administers the shop is nobody's.
        "session": {"anonymous": {401}, "other": OPEN, "owner": OPEN, "admin": {200, 201, 202, 204, 401}},
        # What is not yours does not exist for you; whether an admin sees it is the operation's affair.
        "owner": {"anonymous": {401}, "other": {403, 404}, "owner": OPEN, "admin": {200, 201, 202, 204, 401, 403, 404}},
        "admin": {"anonymous": {401}, "other": {401, 403}, "owner": {401, 403}, "admin": OPEN},
    }[access][who]


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.api = contract.Api()
        cls.scope = asking.serving()
        cls.server = cls.scope.__enter__()
        cls.admin = shop.run("key", "add", "access", "--data", cls.server.data).strip()
        cls.server.await_closed()
        cls.world = asking.World(cls.server, cls.admin)

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def keys(self):
        """Whose token each column sends."""
        found = {"anonymous": None, "admin": self.admin}
        if hasattr(self.world, "person"):
            found |= {"other": self.world.person(), "owner": self.world.person()}
        return found

    def cell(self, op, who):
        """Asks what `owner` may ask for, as `who`."""
        keys = self.keys()
        self.world.owner = keys.get("owner")
        parts = asking.GOOD[op.id](self.world)
        return self.world.ask(op.method, op.url(parts.get("path"), parts.get("query")), parts.get("body"), parts.get("headers"), keys[who])

    def test_every_cell_of_the_table(self):
        asked = 0
        for op in self.api.operations.values():
            for who in self.keys():
                with self.subTest(op.id, who=who):
                    want, answer = expected(op.access, who), self.cell(op, who)
                    asked += 1
                    if want is OPEN:
                        self.assertNotIn(answer.status, (401, 403), answer.body[:300])
                        self.assertLess(answer.status, 500, answer.body[:300])
                    else:
                        self.assertIn(answer.status, want, answer.body[:300])
                    self.assertEqual(list(self.api.faults(op, answer)), [])
        self.assertGreaterEqual(asked, 2 * len(self.api.operations))

    def test_wrong_keys_are_nobody(self):
        for op in self.api.operations.values():
            if op.access != "public":
                parts = asking.GOOD[op.id](self.world)
                for key in ("aisle_" + "A" * 43, "x", self.admin[:-1], self.admin + "A"):
                    answer = self.world.ask(op.method, op.url(parts.get("path"), parts.get("query")), parts.get("body"), parts.get("headers"), key)
                    self.assertEqual(answer.status, 401, (op, key))
                    self.assertEqual(list(self.api.faults(op, answer)), [])


if __name__ == "__main__":
    unittest.main()
