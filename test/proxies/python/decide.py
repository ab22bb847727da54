"""Asks rendered modules: JSON of cases on standard input, each with the number of a module and what it is asked.

    python3 decide.py FOLDER

Asked for a decision about a head; to seal or open a session id; to change the session of a URL; to seal the endpoint
event of a stream that comes in parts.
"""

import importlib
import json
import sys

sys.path.insert(0, sys.argv[1])


def decide(module, head):
    given = {name: head.get(name) for name in module.Head._fields}
    decision = module.decide(module.Head(**given))
    return {**decision._asdict(), "headers": [list(field) for field in decision.headers]}


def owner(module, head):
    return module._session_owner(module.Head(**{name: head.get(name) for name in module.Head._fields}))


def seal(module, secrets, owner, session_id):
    return module.Sealer(secrets).seal(owner, session_id)


def open_(module, secrets, owner, sealed):
    return module.Sealer(secrets).open(owner, sealed)


def parameter(module, target):
    return module._change_session_parameter(target, lambda session_id: f"<{session_id}>")


def event(module, parts):
    rewriter = module.EndpointEvent(lambda session_id: f"<{session_id}>")
    pushed = [rewriter.push(bytes(part)) for part in parts]
    return [list(part) for part in [*pushed, rewriter.flush()]]


ASKED = {f.__name__.rstrip("_"): f for f in (decide, owner, seal, open_, parameter, event)}

json.dump(
    [ASKED[ask](importlib.import_module(f"p{number}"), *args) for number, ask, *args in json.load(sys.stdin)],
    sys.stdout,
)
