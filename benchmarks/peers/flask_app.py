"""The obvious program: Flask, redis-py's client and PyMySQL, to be run by gunicorn's threads."""

import json

from flask import Flask, Response, abort

from benchmarks.peers.data import TTL_SECONDS, cache_client, measures

app = Flask(__name__)
cache = cache_client()


@app.route("/customerdata/<int:customer_id>")
def customer_data(customer_id: int) -> Response:
    key = f"flask:customerdata:{customer_id}"
    body = cache.get(key)
    if body is None:
        found = measures(customer_id)
        if not found:
            abort(404)
        body = json.dumps({"Measures": found}).encode()
        cache.set(key, body, ex=TTL_SECONDS)
    return Response(body, mimetype="application/json")
