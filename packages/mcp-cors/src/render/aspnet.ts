import { policyData } from './csharp/data.js';
import { DECISION } from './csharp/decision.js';
import { MIDDLEWARE } from './csharp/middleware.js';
import { SESSIONS } from './csharp/sessions.js';
import { always, DIRECTORIES, type Limit } from './limits.js';
import type { PolicyPlan } from './plan.js';
import type { Target } from './target.js';

/** What an ASP.NET Core middleware cannot express. */
const LIMITS: readonly Limit[] = [
  DIRECTORIES,
  {
    id: 'unreadable-requests',
    weakens: false,
    concerns: always,
    what: 'What Kestrel cannot parse is refused with 400, whatever else would be wrong with it.',
    why: 'Its parser comes before any middleware.',
    instead: 'Nothing: such a request reaches nobody.',
  },
];

/** Where the secret of sessions goes: never into source. */
function sessionAdvice({ settings, reportOnly }: PolicyPlan): readonly string[] {
  if (settings.sessions === undefined || reportOnly) return [];
  return [
    '',
    "Sessions are sealed with the secret in the environment variable MCP_CORS_SESSION_SECRETS, which is not in this file: one a line, the first seals, all are accepted. With the policy's own secret, replicas in Node, Python, Java and .NET share sessions.",
  ];
}

/** What the file imports: .NET and ASP.NET Core, and nothing from a package. */
const IMPORTS = `
#nullable disable

using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace McpCors
{
    /// <summary>
    /// Lets pages of the policy's origins reach an application, and answers preflights and refusals itself.
    /// </summary>
    public sealed class McpCorsMiddleware
    {
`.trimStart();

/** A middleware in one file: ASP.NET Core on Kestrel. */
export const ASPNET: Target = Object.freeze({
  name: 'aspnet',
  title: 'ASP.NET Core 8 or later',
  file: 'McpCorsMiddleware.cs',
  type: 'middleware',
  comment: '//',
  limits: LIMITS,
  use: ({ routes: [{ policy }] }) => [
    'NOT RUN ON .NET YET. On Mono it compiles, decides and seals as the library does, and passes the vectors behind a stand-in for Kestrel. Try it before you rely on it: npx mcp-cors check URL --origin ORIGIN.',
    '',
    'Put this file into the project. In Program.cs, before everything else that is used:',
    '',
    '    using McpCors;',
    '    app.UseMcpCors();  // before UseExceptionHandler, UseAuthentication and every Map...',
    '',
    'CORS of the application itself (AddCors, UseCors) is not needed any more, and has no say.',
    ...sessionAdvice(policy),
    '',
    'It needs no package. The policy is data, at the top; the code below is the same for every policy.',
  ],
  render: ({ routes: [{ policy }] }) =>
    [`${IMPORTS}${policyData(policy)}`, DECISION, SESSIONS, MIDDLEWARE].join('\n'),
} satisfies Target);
