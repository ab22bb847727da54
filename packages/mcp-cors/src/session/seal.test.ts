import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { RequestHead } from '../policy/index.js';
import { createSessionSealer, MAX_SEALED_LENGTH, sessionOwner } from './seal.js';

const SECRET = 'a secret of at least 32 characters';
const NEW_SECRET = 'another secret of more than 32 characters';
const APP = 'https://app.example.com';
const OTHER = 'https://other.example.com';
const TAG_LENGTH = 43;

/** What Node makes of the same text. */
function nodeSeal(secret: string, owner: string, id: string): string {
  const text = `mcp-cors session 1\0${owner}\0${id}`;
  return `${createHmac('sha256', secret).update(text, 'utf8').digest('base64url')}.${id}`;
}

const ids = fc.string({ unit: 'binary', maxLength: 200 });
const secrets = fc.string({ unit: 'binary', minLength: 32, maxLength: 200 });
const owners = fc.oneof(
  fc.constantFrom('', APP, OTHER, 'null', 'self mcp.example.com'),
  fc.webUrl({ withFragments: false }).map((url) => new URL(url).origin),
);

describe('seals', () => {
  test.each([
    ['as clients get them', SECRET, APP, '1f1c7a3e-5b1e-4a57-9d0c-3c9b1f2f7d11'],
    ['of native clients', SECRET, '', 'abc'],
    ['of an empty id', SECRET, APP, ''],
    ['of an id that is not ASCII', SECRET, APP, 'Sitzung-é-会话-🔐'],
    ['of an id with NUL, dots and spaces', SECRET, APP, 'a\0b.c d'],
    // RFC 2104: a key longer than the block of 64 bytes is hashed first, as in case 6 of RFC 4231.
    ['with a secret of 64 bytes', 's'.repeat(64), APP, 'abc'],
    ['with a secret of 65 bytes', 's'.repeat(65), APP, 'abc'],
    ['with a secret of 131 bytes', 's'.repeat(131), APP, 'abc'],
    ['with a secret that is not ASCII', 'é'.repeat(32), APP, 'abc'],
  ])('%s are the HMAC that Node makes', (_, secret, owner, id) => {
    const sealer = createSessionSealer([secret]);
    expect(sealer.seal(owner, id)).toBe(nodeSeal(secret, owner, id));
    expect(sealer.open(owner, nodeSeal(secret, owner, id))).toBe(id);
  });

  it('are the HMAC that Node makes, whatever secret, owner and id', () => {
    fc.assert(
      fc.property(secrets, owners, ids, (secret, owner, id) => {
        expect(createSessionSealer([secret]).seal(owner, id)).toBe(nodeSeal(secret, owner, id));
      }),
    );
  });

  it('are the same each time, of any sealer with the secret', () => {
    const sealer = createSessionSealer([SECRET]);
    expect(sealer.seal(APP, 'abc')).toBe(sealer.seal(APP, 'abc'));
    expect(createSessionSealer([SECRET]).seal(APP, 'abc')).toBe(sealer.seal(APP, 'abc'));
  });

  it('open for their owner', () => {
    fc.assert(
      fc.property(secrets, owners, ids, (secret, owner, id) => {
        const sealer = createSessionSealer([secret]);
        expect(sealer.open(owner, sealer.seal(owner, id))).toBe(id);
      }),
    );
  });

  it('open for nobody else', () => {
    fc.assert(
      fc.property(owners, owners, ids, (owner, other, id) => {
        fc.pre(owner !== other);
        const sealer = createSessionSealer([SECRET]);
        expect(sealer.open(other, sealer.seal(owner, id))).toBeUndefined();
      }),
    );
  });

  it('open with no other secret', () => {
    fc.assert(
      fc.property(secrets, secrets, owners, ids, (secret, other, owner, id) => {
        fc.pre(secret !== other);
        const sealed = createSessionSealer([secret]).seal(owner, id);
        expect(createSessionSealer([other]).open(owner, sealed)).toBeUndefined();
      }),
    );
  });

  it('do not open with a character changed, left out or added', () => {
    const characters = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
    fc.assert(
      fc.property(owners, ids, fc.nat(), characters, (owner, id, place, character) => {
        const sealer = createSessionSealer([SECRET]);
        const sealed = [...sealer.seal(owner, id)];
        const at = place % sealed.length;
        const changed = sealed.with(at, character).join('');
        if (changed !== sealed.join('')) expect(sealer.open(owner, changed)).toBeUndefined();
        const shorter = sealed.toSpliced(at, 1).join('');
        // Of two equal neighbours, either can be left out; the result is no seal of the id all the same.
        expect(sealer.open(owner, shorter)).toBeUndefined();
        expect(sealer.open(owner, sealed.toSpliced(at, 0, character).join(''))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('do not open with any bit of any tag character changed', () => {
    const sealer = createSessionSealer([SECRET]);
    const sealed = sealer.seal(APP, 'abc');
    for (let at = 0; at < sealed.length; at++) {
      for (let bit = 0; bit < 16; bit++) {
        const changed = String.fromCharCode(sealed.charCodeAt(at) ^ (1 << bit));
        expect(sealer.open(APP, sealed.slice(0, at) + changed + sealed.slice(at + 1))).toBeUndefined();
      }
    }
  });

  it('do not open when they are cut short', () => {
    const sealer = createSessionSealer([SECRET]);
    const sealed = sealer.seal(APP, 'some-session-id');
    for (let length = 0; length < sealed.length; length++) {
      expect(sealer.open(APP, sealed.slice(0, length))).toBeUndefined();
      expect(sealer.open(APP, sealed.slice(-length))).toBe(length === 0 ? 'some-session-id' : undefined);
    }
  });

  it('do not open in another writing of base64', () => {
    const sealer = createSessionSealer([SECRET]);
    // 43 characters hold 258 bits, so four last characters stand for the same 256 bits.
    const writings = Array.from({ length: 64 }, (_, n) => {
      const [tag = '', id = ''] = sealer.seal(APP, `id-${n}`).split('.');
      const same = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
        .map((last) => tag.slice(0, -1) + last)
        .filter(
          (other) => other !== tag && Buffer.from(other, 'base64url').equals(Buffer.from(tag, 'base64url')),
        );
      return same.map((other) => `${other}.${id}`);
    }).flat();
    expect(writings).toHaveLength(64 * 3);
    for (const writing of writings) expect(sealer.open(APP, writing)).toBeUndefined();
    const [tag, id] = sealer.seal(APP, 'id').split('.');
    expect(sealer.open(APP, `${tag}=.${id}`)).toBeUndefined();
  });

  it('open up to a length, which servers without state can live with', () => {
    const sealer = createSessionSealer([SECRET]);
    const longest = 'x'.repeat(MAX_SEALED_LENGTH - TAG_LENGTH - 1);
    expect(sealer.open(APP, sealer.seal(APP, longest))).toBe(longest);
    expect(sealer.open(APP, sealer.seal(APP, `${longest}x`))).toBeUndefined();
    expect(longest.length).toBeGreaterThan(16_000);
  });

  test.each(['', '.', 'abc', `.${'a'.repeat(60)}`, 'a'.repeat(TAG_LENGTH), `${'A'.repeat(TAG_LENGTH)}.`])(
    'do not open from %j',
    (sealed) => {
      expect(createSessionSealer([SECRET]).open(APP, sealed)).toBeUndefined();
    },
  );

  it('of owner and id do not run into each other', () => {
    const sealer = createSessionSealer([SECRET]);
    const [tag] = sealer.seal(APP, 'abc').split('.');
    expect(sealer.open(`${APP}a`, `${tag}.bc`)).toBeUndefined();
    expect(sealer.open('', `${tag}.${APP}\0abc`)).toBeUndefined();
  });

  it('seal again what is sealed, and open it in the other order', () => {
    const [one, two] = [createSessionSealer([SECRET]), createSessionSealer([NEW_SECRET])];
    const sealed = two.seal(APP, one.seal(APP, 'abc'));
    expect(one.open(APP, two.open(APP, sealed) ?? '')).toBe('abc');
    expect(one.open(APP, sealed)).toBeUndefined();
  });
});

describe('secrets', () => {
  it('rotate: the first seals, all open, and one that was taken away does not', () => {
    const before = createSessionSealer([SECRET]);
    const during = createSessionSealer([NEW_SECRET, SECRET]);
    const after = createSessionSealer([NEW_SECRET]);
    expect(during.open(APP, before.seal(APP, 'abc'))).toBe('abc');
    expect(during.seal(APP, 'abc')).toBe(after.seal(APP, 'abc'));
    expect(after.open(APP, during.seal(APP, 'abc'))).toBe('abc');
    expect(after.open(APP, before.seal(APP, 'abc'))).toBeUndefined();
    expect(before.open(APP, during.seal(APP, 'abc'))).toBeUndefined();
  });

  it('open whichever place they have', () => {
    const list = ['1', '2', '3', '4'].map((end) => `${SECRET} ${end}`) as [string, ...string[]];
    const all = createSessionSealer(list);
    for (const secret of list) {
      expect(all.open(APP, createSessionSealer([secret]).seal(APP, 'abc'))).toBe('abc');
      expect(all.open(OTHER, createSessionSealer([secret]).seal(APP, 'abc'))).toBeUndefined();
    }
  });

  it('are not part of what a sealer shows', () => {
    const sealer = createSessionSealer([SECRET]);
    expect(Object.isFrozen(sealer)).toBe(true);
    expect(JSON.stringify(sealer)).not.toContain(SECRET);
    expect(sealer.seal(APP, 'abc')).not.toContain(SECRET);
  });
});

describe('the owner of a session', () => {
  const HOST = 'mcp.example.com';
  const head = (parts: Partial<RequestHead>): RequestHead => ({
    method: 'POST',
    path: '/mcp',
    host: HOST,
    ...parts,
  });
  const owner = (parts: Partial<RequestHead>): string => sessionOwner(head(parts));
  const SELF = `self ${HOST}`;

  test.each<[string, Partial<RequestHead>, string]>([
    ['a native client', {}, ''],
    ['a native client without Host', { host: undefined }, ''],
    ['a page', { origin: APP, fetchSite: 'same-site' }, APP],
    ['a page in a browser without fetch metadata', { origin: APP }, APP],
    ['a page, without Host', { origin: APP, host: undefined }, APP],
    ['a page that has no origin', { origin: 'null' }, 'null'],
    ['a page that has no origin, at a host that `null` ends with', { origin: 'null', host: 'll' }, 'null'],
    [
      'a page at another port of the host',
      { origin: `https://${HOST}:8443`, fetchSite: 'same-site' },
      `https://${HOST}:8443`,
    ],
    ['a page at a subdomain', { origin: `https://a.${HOST}`, fetchSite: 'same-site' }, `https://a.${HOST}`],
    ['a page whose origin ends as the host does', { origin: `https://my${HOST}` }, `https://my${HOST}`],
    ['the own page, POST', { origin: `https://${HOST}`, fetchSite: 'same-origin' }, SELF],
    ['the own page, GET without Origin', { fetchSite: 'same-origin' }, SELF],
    [
      'the own page behind a TLS proxy',
      { origin: `https://${HOST}`, scheme: 'http', fetchSite: 'same-origin' },
      SELF,
    ],
    [
      'the own page, Host in upper case',
      { origin: `https://${HOST}`, host: 'MCP.Example.com', fetchSite: 'same-origin' },
      SELF,
    ],
    ['the own page, GET, Host in upper case', { host: 'MCP.Example.com', fetchSite: 'same-origin' }, SELF],
    [
      'the page at the host over the other scheme',
      { origin: `http://${HOST}`, fetchSite: 'cross-site' },
      `http://${HOST}`,
    ],
    ['the own page over plain HTTP, POST', { origin: `http://${HOST}` }, ''],
    ['the own page over plain HTTP, GET without Origin', {}, ''],
    ['a navigation', { method: 'GET', fetchSite: 'none' }, ''],
    ['an image of another site', { method: 'GET', fetchSite: 'cross-site' }, ''],
    ['a client that says same-origin without Host', { fetchSite: 'same-origin', host: undefined }, ''],
  ])('%s', (_, parts, expected) => {
    expect(owner(parts)).toBe(expected);
  });

  it('is the same for all requests of the own page', () => {
    const post = { origin: `https://${HOST}`, fetchSite: 'same-origin' };
    expect(owner(post)).toBe(owner({ method: 'GET', fetchSite: 'same-origin' }));
    expect(owner({ origin: `http://${HOST}` })).toBe(owner({ method: 'GET' }));
  });

  it('of a page is not the owner of what is its own at another host', () => {
    expect(owner({ fetchSite: 'same-origin' })).not.toBe(
      owner({ fetchSite: 'same-origin', host: 'other.example.com' }),
    );
  });
});
