<<<<<<< HEAD
import type { RequestHead } from 'mcp-cors';
import { render } from 'mcp-cors/render';
import { describeSameDecisions, POLICIES } from '../sameDecisions.js';
=======
import { render } from 'mcp-cors/render';
import { POLICIES, runDecisionLaws } from '../decisions.js';
>>>>>>> b4a74cb (Hold programs in other languages to the same laws: rendered Java decides and seals as the library does)
import { runScript, withFiles } from './run.js';

const files = Object.fromEntries(
  POLICIES.map((policy, i) => [`p${i}.py`, render('starlette-middleware', policy)]),
);

<<<<<<< HEAD
function asPython({ scheme = 'http', loopback = true, ...given }: RequestHead): object {
  return {
    method: given.method,
    path: given.path,
    scheme,
    loopback,
    host: given.host ?? null,
    origin: given.origin ?? null,
    request_method: given.requestMethod ?? null,
    request_headers: given.requestHeaders ?? null,
    content_type: given.contentType ?? null,
    session_id: given.sessionId ?? null,
    fetch_site: given.fetchSite ?? null,
    fetch_dest: given.fetchDest ?? null,
  };
}

describeSameDecisions({
  language: 'Python',
  ask: (questions) => withFiles(files, (folder) => runScript('decide.py', [folder], questions) as unknown[]),
  headOf: asPython,
  reasonOf: (_, reason) => reason,
});
=======
runDecisionLaws('Python', (questions) =>
  withFiles(files, (folder) => runScript('decide.py', [folder], questions) as unknown[]),
);
>>>>>>> b4a74cb (Hold programs in other languages to the same laws: rendered Java decides and seals as the library does)
