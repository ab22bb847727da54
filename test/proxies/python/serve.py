"""Serves rendered applications under uvicorn: one process, and a port for each.

    python3 serve.py SITES.json

Each site has: port; file, what was rendered; kind, "fastapi" or "starlette"; upstream, the port of the server that is
behind the application; secrets of sessions.
"""

import importlib.util
import json
import os
import socket
import sys

import uvicorn
from forward import Forward
from starlette.applications import Starlette
from starlette.routing import Mount

sys.dont_write_bytecode = True


def load(file):
    name = os.path.splitext(os.path.basename(file))[0]
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def build(site):
    os.environ["MCP_CORS_SESSION_SECRETS"] = "\n".join(site["secrets"])
    module = load(site["file"])
    forward = Forward(site["upstream"])
    # As it is, with what its owner would add: something that is mounted. OPTIONS * matches no route.
    app = module.app if site["kind"] == "fastapi" else Starlette(routes=[Mount("/", app=forward)])
    if site["kind"] == "fastapi":
        app.mount("/", forward)
    app.router.default = forward
    return app if site["kind"] == "fastapi" else module.McpCors(app)


def listen(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(100)
    return listener


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        sites = json.load(file)
    applications = {site["port"]: build(site) for site in sites}

    async def dispatch(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        await applications[scope["server"][1]](scope, receive, send)

    # Debian has no other parser; httptools does not tell the absolute form of a target (a stated limit).
    config = uvicorn.Config(dispatch, http="h11", log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listen(site["port"]) for site in sites])


main()
