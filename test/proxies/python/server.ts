import { fileURLToPath } from 'node:url';
import type { ProxyServer } from '../servers.js';

/** Debian's Python, which has Debian's FastAPI and uvicorn; MCP_CORS_PYTHON names another, such as that of a venv. */
export const PYTHON = process.env.MCP_CORS_PYTHON ?? '/usr/bin/python3';
/** Python that takes no warning for granted and leaves no files behind. */
export const STRICT: readonly string[] = ['-W', 'error', '-B'];

const SERVE = fileURLToPath(new URL('serve.py', import.meta.url));

/**
 * Rendered Python under uvicorn, one process for all sites. Behind each stands an application that hands everything on, so
 * that a middleware is shown what a proxy is shown.
 */
export function createPythonServer(kind: 'fastapi' | 'starlette'): ProxyServer {
  return {
    program: (texts, folder, ports, sites) => ({
      command: [PYTHON, '-B', SERVE, `${folder}/sites.json`],
      files: {
        ...Object.fromEntries(texts.map((text, i) => [`p${i}.py`, text])),
        'sites.json': JSON.stringify(
          sites.map(({ policy, upstream }, i) => ({
            kind,
            port: ports[i],
            file: `${folder}/p${i}.py`,
            upstream: Number(new URL(upstream).port),
            secrets: [policy.sessions?.secret ?? []].flat(),
          })),
        ),
      },
    }),
  };
}
