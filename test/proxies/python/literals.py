"""Evaluates Python literals: a JSON list of sources on standard input, of their values on standard output."""

import ast
import json
import sys

json.dump([ast.literal_eval(source) for source in json.load(sys.stdin)], sys.stdout)
