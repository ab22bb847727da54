import { parseOrigin } from '../../policy/origin.js';
import { isPublicSuffix } from '../../policy/publicSuffix.js';

/** Where an attacker has names. */
const ATTACKER = 'evil.example';

/** Origins of others that look like one: an end or a beginning more, another character for a dot. */
export function lookAlikesOf(origin: string): readonly string[] {
  const parts = parseOrigin(origin);
  if (parts === undefined || parts.host.startsWith('[')) return [];
  const { scheme, host } = parts;
  const port = origin.slice(`${scheme}://${host}`.length);
  const dots = [...host].flatMap((character, i) => (character === '.' ? [i] : [])).slice(0, 8);
  return [
    `${host}.${ATTACKER}`,
    `evil${host}`,
    `evil-${host}`,
    ...dots.map((dot) => `${host.slice(0, dot)}x${host.slice(dot + 1)}`),
  ]
    .filter((other) => siteOf(other) !== siteOf(host))
    .map((other) => `${scheme}://${other}${port}`)
    .filter((other) => parseOrigin(other) !== undefined);
}

/** The domain that somebody registers: a public suffix and one label more. */
function siteOf(host: string): string {
  const labels = host.split('.');
  for (let i = 0; i < labels.length - 1; i++) {
    if (isPublicSuffix(labels.slice(i + 1).join('.'))) return labels.slice(i).join('.');
  }
  return host;
}
