"""An ASGI application that hands every request on to a server over HTTP/1.1, byte by byte as it comes."""

import asyncio
import json
import sys

# What belongs to one connection (RFC 9110 section 7.6.1), and what a gateway answers for.
NOT_ON = {
    b"connection",
    b"keep-alive",
    b"transfer-encoding",
    b"upgrade",
    b"origin",
    b"access-control-request-method",
    b"access-control-request-headers",
}


class Forward:
    def __init__(self, port):
        self.port = port

    async def __call__(self, scope, receive, send):
        assert scope["type"] == "http", scope["type"]
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            await bad_gateway(send)
            return
        try:
            await self.exchange(scope, receive, send, reader, writer)
        finally:
            writer.close()

    async def exchange(self, scope, receive, send, reader, writer):
        try:
            await send_request(scope, receive, writer)
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            await bad_gateway(send)
            return
        status_line, *lines = head[:-4].split(b"\r\n")
        status = int(status_line.split(b" ")[1])
        headers = []
        for line in lines:
            name, _, value = line.partition(b":")
            headers.append((name.lower(), value.strip()))
        await send({
            "type": "http.response.start",
            "status": status,
            "headers": [(name, value) for name, value in headers if name not in NOT_ON],
        })
        without_body = scope["method"] == "HEAD" or status in (204, 304)
        gone = asyncio.ensure_future(until_gone(receive))
        pump = asyncio.ensure_future(send_body(reader, dict(headers), without_body, send))
        done, open_ = await asyncio.wait({gone, pump}, return_when=asyncio.FIRST_COMPLETED)
        for task in open_:
            task.cancel()
        for task in done:
            task.result()


async def send_request(scope, receive, writer):
    query = scope["query_string"]
    target = scope["raw_path"].split(b"?")[0] + (b"?" + query if query else b"")
    headers = [(name, value) for name, value in scope["headers"] if name not in NOT_ON and name[:10] != b"sec-fetch-"]
    sized = any(name == b"content-length" for name, _ in headers)
    if not any(name == b"host" for name, _ in headers):
        headers.append((b"host", b"127.0.0.1"))
    more, first = True, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client has gone")
        body, more = message.get("body", b""), message.get("more_body", False)
        if first:
            chunked = not sized and (more or body != b"")
            framing = [(b"transfer-encoding", b"chunked")] if chunked else []
            fields = [*headers, *framing, (b"connection", b"close")]
            lines = [b"%s %s HTTP/1.1" % (scope["method"].encode("latin-1"), target)]
            lines += [b"%s: %s" % field for field in fields]
            writer.write(b"\r\n".join([*lines, b"", b""]))
            first = False
        if body:
            writer.write(b"%x\r\n%s\r\n" % (len(body), body) if chunked else body)
        if not more and chunked:
            writer.write(b"0\r\n\r\n")
        await writer.drain()


async def send_body(reader, headers, without_body, send):
    async def part(body):
        await send({"type": "http.response.body", "body": body, "more_body": True})

    if not without_body and headers.get(b"transfer-encoding") == b"chunked":
        while True:
            size = int((await reader.readuntil(b"\r\n")).strip(), 16)
            chunk = await reader.readexactly(size + 2)
            if size == 0:
                break
            await part(chunk[:-2])
    elif not without_body:
        left = int(headers.get(b"content-length", sys.maxsize))
        while left > 0:
            chunk = await reader.read(min(left, 65_536))
            if chunk == b"":
                break
            left -= len(chunk)
            await part(chunk)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def until_gone(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def bad_gateway(send):
    body = json.dumps({"detail": "the server is not there"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 502, "headers": headers})
    await send({"type": "http.response.body", "body": body})
