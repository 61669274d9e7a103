"""A stand-in for ModelScope's open interface: lists the models of an account, fifty a page, three thousand at most.

Here: the listing as ModelScope's own client reads it. Not here: faults of the network (`web.py`).
"""

import json

from tests.standins.web import Answer, StandIn

MOST = 3000


class ModelScope(StandIn):
    """The server.

    Args:
        accounts: Number of models by account.
        port: Port; any by default.
    """

    def __init__(self, accounts: dict[str, int], *, port: int = 0) -> None:
        super().__init__(self._answer, port=port)
        self.accounts = accounts
        self.counters: dict[str, object] = {}
        self.list_key = "models"
        self.heeds_owner = True

    def _answer(self, asked) -> Answer:
        size, number = int(asked.params["page_size"]), int(asked.params["page_number"])
        if asked.path != "/openapi/v1/models" or size > 50 or size * number > MOST:
            return Answer(json.dumps({"success": False, "code": "InvalidParameter"}).encode(), 400)
        owner = asked.params["owner"] if self.heeds_owner else "somebody"
        count = self.accounts.get(asked.params["owner"], 0)
        items = [self._model(owner, one) for one in range(count)][(number - 1) * size : number * size]
        data = {self.list_key: items, "total_count": count, "page_number": number, "page_size": size}
        return Answer(json.dumps({"success": True, "data": data}).encode())

    def _model(self, owner: str, number: int) -> dict:
        name = f"model-{number}"
        downloads = self.counters.get(f"{owner}/{name}", 1_000 * (number + 1))
        return {"id": number, "owner": owner, "name": name, "downloads": downloads, "likes": 3}
