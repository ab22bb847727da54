import { render } from 'mcp-cors/render';
import { expect, test } from 'vitest';
import { POLICIES, runDecisionLaws } from './decisions.js';
import { compile, hasMono, run, sourcePath, withFolder } from './dotnet/mono.js';

// There is no ASP.NET Core on Debian: what Mono can say is that the file compiles, decides and seals.
if (hasMono()) {
  const rendered = POLICIES.map((policy) => render('aspnet', policy));
  const sources = ['Ask.cs', 'Declarations.cs'].map(sourcePath);
  runDecisionLaws(
    'C#',
    (questions) =>
      withFolder((folder) =>
        JSON.parse(run('mono', [compile(folder, rendered, ...sources)], JSON.stringify(questions))),
      ) as unknown[],
  );
} else
  test('aspnet: no Mono on this machine, so that no rendered C# was compiled or asked', () =>
    expect(hasMono()).toBe(false));
