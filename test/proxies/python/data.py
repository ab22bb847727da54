"""Prints the data of rendered modules as JSON, and fails where anything but a literal stands among it.

    python3 data.py FILE...

"""

import ast
import json
import sys


def value_of(node):
    if isinstance(node, ast.Call) and node.func.id == "frozenset" and not node.keywords:
        return sorted(value_of(argument) for argument in node.args[0].elts) if node.args else []
    if isinstance(node, ast.Call) and node.func.id == "Kind" and not node.args:
        return {keyword.arg: value_of(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        return {value_of(key): value_of(value) for key, value in zip(node.keys, node.values)}
    return ast.literal_eval(node)


def data_of(file):
    with open(file, encoding="ascii") as source:
        tree = ast.parse(source.read())
    data = {}
    names = []
    for node in tree.body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        for target in targets:
            names.append(target.id)
            if target.id.isupper() and names.count("DENIALS") <= 1 and "TOKEN" not in names:
                data[target.id] = value_of(node.value)
    # What the code beside the data is: the same whatever the policy.
    code = [ast.dump(node) for node in tree.body if not isinstance(node, (ast.Assign, ast.AnnAssign))]
    untyped = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.returns is None or any(a.annotation is None and a.arg != "self" for a in node.args.args))
    ]
    return {"data": data, "code": code, "untyped": untyped}


json.dump([data_of(file) for file in sys.argv[1:]], sys.stdout)
