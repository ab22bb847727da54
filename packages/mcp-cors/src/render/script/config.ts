import type { PolicySettings } from '../../policy/config.js';

/**
 * The configuration that gives a policy, as JSON can hold it. Directories and the secrets of sessions are not in it: the
 * ones cannot be written down, the others must not be.
 */
export function configOf(settings: PolicySettings): Readonly<Record<string, unknown>> {
  const { hosts, sessions, ...rest } = settings;
  return {
    origins: rest.origins.map(({ text }) => text),
    ...(hosts === undefined ? {} : { hosts: hosts.map(({ text }) => text) }),
    credentials: rest.credentials,
    methods: rest.methods,
    allowedHeaders: rest.allowedHeaders,
    exposedHeaders: rest.exposedHeaders,
    maxAge: rest.maxAgeSeconds,
    revisions: rest.revisions,
    endpoints: rest.endpoints,
    missingOrigin: rest.missingOrigin,
    aliases: rest.aliases.map(({ text }) => text),
    reportOnly: rest.reportOnly,
    debug: rest.debug,
    dangerouslyAllowNullOrigin: rest.allowNullOrigin,
    dangerouslyAllowInsecureOrigins: rest.allowInsecureOrigins,
    dangerouslyAllowPublicSuffixes: rest.allowPublicSuffixes,
    dangerouslyAllowAnyHost: rest.allowAnyHost,
  };
}
