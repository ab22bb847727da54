"""An application in which everything happens that goes wrong in one, behind the rendered middleware in mcp_cors.py.

MODE says how it is put in front: "around" the application, or "added" to it.
"""

import os

from fastapi import FastAPI, HTTPException, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from mcp_cors import McpCors
from starlette.middleware.cors import CORSMiddleware

app = FastAPI()
state = {"started": False}


@app.get("/state")
def tell():
    return state


@app.get("/broken")
def broken():
    raise RuntimeError("this is not for pages")


@app.get("/refused")
def refused():
    raise HTTPException(401, "who are you", headers={"WWW-Authenticate": "Bearer"})


@app.get("/numbers/{number}")
def numbers(number: int):
    return number


@app.get("/breaks-off")
def breaks_off():
    def parts():
        yield b"data: 1\n\n"
        raise RuntimeError("this is not for pages")

    return StreamingResponse(parts(), media_type="text/event-stream")


@app.websocket("/socket")
async def socket(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


@app.exception_handler(Exception)
async def own_error(request, error):
    return JSONResponse({"own": "error"}, status_code=500)


# What an author may have put there before.
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True, expose_headers=["X-Own"])


async def started(scope, receive, send):
    if scope["type"] == "lifespan":
        state["started"] = True
    await app(scope, receive, send)


if os.environ["MODE"] == "around":
    application = McpCors(started)
else:
    app.add_middleware(McpCors)
    application = app
