import { render } from 'mcp-cors/render';
import { describeSameDecisions, POLICIES } from '../sameDecisions.js';
import { runScript, withFiles } from './run.js';

const files = Object.fromEntries(
  POLICIES.map((policy, i) => [`p${i}.py`, render('starlette-middleware', policy)]),
);

describeSameDecisions({
  language: 'Python',
  ask: (questions) => withFiles(files, (folder) => runScript('decide.py', [folder], questions) as unknown[]),
});
