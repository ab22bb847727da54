import type { PolicyPlan } from '../plan.js';
import { commonData, policyData } from './data.js';
import { DECISION } from './decision.js';
import { MIDDLEWARE } from './middleware.js';
import { SESSIONS } from './sessions.js';

/** What the module imports: Python's standard library alone. */
const IMPORTS = `
from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import logging
import os
import re
import unicodedata
from functools import partial
from typing import (
    Any,
    Awaitable,
    Callable,
    Dict,
    FrozenSet,
    Iterable,
    List,
    MutableMapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)
from urllib.parse import quote
`.trimStart();

const SHAPES = `
# (whether an origin may end here, ((characters, the state to which they lead), ...))
State = Tuple[bool, Tuple[Tuple[str, int], ...]]


class Kind(NamedTuple):
    """What pages may do at one kind of endpoint. Header names are in lower case."""

    methods: FrozenSet[str]
    allow_methods: str
    header_names: FrozenSet[str]
    header_prefixes: Tuple[str, ...]
    any_header: bool
    allow_headers: str
    expose_headers: str
    json_only: bool

`.trimStart();

/** The middleware with a policy: the policy as data first, and then code that is the same for every policy. */
export function middlewareModule(policy: PolicyPlan, imports = ''): string {
  return [
    `${IMPORTS}${imports === '' ? '' : `\n${imports}`}\n`,
    SHAPES,
    policyData(policy),
    commonData(),
    `${DECISION}\n`,
    `${SESSIONS}\n`,
    MIDDLEWARE,
  ].join('\n');
}
