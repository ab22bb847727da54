"""An application behind CORSMiddleware whose options are in OPTIONS; `mcp-cors import` is held to how it behaves."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

app = FastAPI()


@app.post("/mcp")
def post():
    return {}


@app.options("/mcp")
def options():
    return "own"


@app.get("/broken")
def broken():
    raise RuntimeError("broken")


app.add_middleware(CORSMiddleware, OPTIONS)
