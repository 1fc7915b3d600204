"""How Schemathesis writes and reads the media types that it does not know."""

import json

import schemathesis


@schemathesis.serializer("application/nostr+json+rpc")
def management_call(ctx, value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@schemathesis.deserializer("application/nostr+json+rpc")
def management_answer(ctx, response):
    return json.loads(response.content)


@schemathesis.serializer("application/x-ndjson")
def batch(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@schemathesis.deserializer("application/x-ndjson")
def batch_answer(ctx, response):
    return response.content.decode()
