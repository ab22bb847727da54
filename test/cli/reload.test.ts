import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { createFolder, eventually, startGateway } from './command.js';

const PAGE = 'http://localhost:3000';
const OTHER = 'https://other.example';

async function startEcho(body = '{}'): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const yamlFor = (upstream: string, origin: string, more = ''): string =>
  `listen: 127.0.0.1:0\npolicy: { origins: '${origin}'${more} }\nroutes: [{ path: /, upstream: '${upstream}' }]\n`;

async function statusFor(url: string, origin: string): Promise<number> {
  const headers = { Origin: origin, 'Content-Type': 'application/json' };
  return (await fetch(url, { method: 'POST', headers, body: '{}' })).status;
}

/** How a changed file can come to stand where the old one stood. */
const REPLACEMENTS: Readonly<Record<string, (folder: string, name: string, text: string) => void>> = {
  'is written over': (folder, name, text) => writeFileSync(join(folder, name), text),
  'is put in place by an editor': (folder, name, text) => {
    writeFileSync(join(folder, `.${name}.swp`), text);
    renameSync(join(folder, `.${name}.swp`), join(folder, name));
  },
  'is taken away and written anew': (folder, name, text) => {
    rmSync(join(folder, name));
    writeFileSync(join(folder, name), text);
  },
};

describe('a configuration that changes', () => {
  test.each(Object.keys(REPLACEMENTS))('is taken over when the file %s', async (how) => {
    const upstream = await startEcho();
    const folder = createFolder({ 'my.yaml': yamlFor(upstream, PAGE) });
    const gateway = await startGateway(['--config', 'my.yaml'], folder);
    for (const [now, before] of [
      [OTHER, PAGE],
      [PAGE, OTHER],
    ] as const) {
      REPLACEMENTS[how]?.(folder, 'my.yaml', yamlFor(upstream, now));
      await eventually(async () => expect(await statusFor(gateway.url, now)).toBe(200));
      expect(await statusFor(gateway.url, before)).toBe(403);
    }
    await eventually(() => expect(gateway.err().match(/^reloaded my\.yaml$/gm)).toHaveLength(2));
    expect(gateway.out()).toBe(`listening on ${gateway.url}\n`);
  });

  it('is taken over when Kubernetes turns the link of a ConfigMap', async () => {
    const upstream = await startEcho();
    const folder = createFolder();
    const publish = (version: string, origin: string): void => {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'my.yaml'), yamlFor(upstream, origin));
      symlinkSync(version, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    publish('..2026_1', PAGE);
    symlinkSync(join('..data', 'my.yaml'), join(folder, 'my.yaml'));
    const gateway = await startGateway(['--config', 'my.yaml'], folder);
    expect(await statusFor(gateway.url, OTHER)).toBe(403);
    publish('..2026_2', OTHER);
    rmSync(join(folder, '..2026_1'), { recursive: true });
    await eventually(async () => expect(await statusFor(gateway.url, OTHER)).toBe(200));
  });

  it('that is wrong is told of with its places, and the one before stays', async () => {
    const upstream = await startEcho();
    const folder = createFolder({ 'my.yaml': yamlFor(upstream, PAGE) });
    const gateway = await startGateway(['--config', 'my.yaml'], folder);
    const file = join(folder, 'my.yaml');
    writeFileSync(file, yamlFor(upstream, 'https://a.example/', ', maxAge: x'));
    await eventually(() => expect(gateway.err()).toContain('stays in force'));
    expect(gateway.err()).toMatch(
      /^error: my\.yaml:2:20: policy\.origins: .*\nhint: .*\nerror: my\.yaml:2:50: policy\.maxAge: .*\nhint: .*\nmy\.yaml is not taken over: /,
    );
    expect(await statusFor(gateway.url, PAGE)).toBe(200);

    const told = gateway.err().length;
    for (const [text, expected] of [
      ['policy: [', /error: my\.yaml:\d+:\d+: .*\nhint: /],
      [yamlFor(upstream, '${NOT_SET}'), /error: my\.yaml:2:20: the environment variable NOT_SET is not set/],
      [yamlFor(upstream, PAGE).replace(':0', ':1'), /error: my\.yaml:1:9: listen: .* cannot change/],
    ] as const) {
      writeFileSync(file, text);
      await eventually(() => expect(gateway.err().slice(told)).toMatch(expected));
    }
    rmSync(file);
    await eventually(() => expect(gateway.err()).toContain('cannot read my.yaml: there is no such file'));
    expect(await statusFor(gateway.url, PAGE)).toBe(200);

    writeFileSync(file, yamlFor(upstream, OTHER));
    await eventually(async () => expect(await statusFor(gateway.url, OTHER)).toBe(200));
    expect(gateway.err()).not.toMatch(/\n {4}at /);
  });

  it.each<[string, (file: string) => void, RegExp]>([
    [
      'has no end',
      (file) => symlinkSync('/dev/zero', file),
      /error: cannot read my\.yaml: it is larger than 16 MiB/,
    ],
    [
      'is a pipe',
      (file) => execFileSync('mkfifo', [file]),
      /error: cannot read my\.yaml: it is a pipe, which can be read once/,
    ],
    [
      'is far too large',
      (file) => writeFileSync(file, 'x: '.padEnd(20_000_000, 'y')),
      /error: cannot read my\.yaml: it is larger than 16 MiB/,
    ],
    [
      'is nested without an end',
      (file) => writeFileSync(file, '['.repeat(100_000)),
      /error: my\.yaml:1:1: .*nested too deeply/,
    ],
    [
      'grows with its aliases',
      (file) => {
        const levels = [...'abcdefgh'].map(
          (name, i) => `${name}: &${name} [${i === 0 ? 'x' : Array(9).fill(`*${'abcdefgh'[i - 1]}`)}]`,
        );
        writeFileSync(file, `${levels.join('\n')}\npolicy: *h\n`);
      },
      /error: my\.yaml:\d+:\d+: .*alias/,
    ],
  ])('that %s is refused, and the one before stays', async (_, replace, told) => {
    const upstream = await startEcho();
    const folder = createFolder({ 'my.yaml': yamlFor(upstream, PAGE) });
    const gateway = await startGateway(['--config', 'my.yaml'], folder);
    rmSync(join(folder, 'my.yaml'));
    replace(join(folder, 'my.yaml'));
    await eventually(() => expect(gateway.err()).toContain('stays in force'));
    expect(gateway.err()).toMatch(told);
    expect(await statusFor(gateway.url, PAGE)).toBe(200);
    rmSync(join(folder, 'my.yaml'));
    writeFileSync(join(folder, 'my.yaml'), yamlFor(upstream, OTHER));
    await eventually(async () => expect(await statusFor(gateway.url, OTHER)).toBe(200));
  });

  it('is taken over on SIGHUP alone with --no-watch, flags in front of it', async () => {
    const upstream = await startEcho();
    const folder = createFolder({ 'my.yaml': yamlFor(upstream, PAGE) });
    const gateway = await startGateway(['--config', 'my.yaml', '--no-watch', '--host', '127.0.0.1'], folder);
    writeFileSync(join(folder, 'my.yaml'), yamlFor(upstream, OTHER));
    await new Promise((resolve) => setTimeout(resolve, 1_500)); // several times what watching would need
    expect(await statusFor(gateway.url, PAGE)).toBe(200);
    gateway.process.kill('SIGHUP');
    await eventually(async () => expect(await statusFor(gateway.url, OTHER)).toBe(200));
    expect(await statusFor(gateway.url.replace('127.0.0.1', 'localhost'), OTHER)).toBe(403);
  });

  it('is given up when the gateway ends, which ends it as ever', async () => {
    const upstream = await startEcho();
    const folder = createFolder({ 'my.yaml': yamlFor(upstream, PAGE) });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const gateway = await startGateway(['--config', 'my.yaml'], folder);
      gateway.process.kill('SIGHUP');
      gateway.process.kill(signal);
      expect((await gateway.ending).code).toBe(0);
      expect(gateway.err()).toMatch(/^(reloaded my\.yaml\n)?closing\n$/);
    }
  });

  it('does not show values of the environment that it refers to', async () => {
    const upstream = await startEcho();
    const folder = createFolder({ 'my.yaml': yamlFor(upstream, '${PAGE}') });
    const gateway = await startGateway(['--config', 'my.yaml'], folder, { PAGE: 'https://hidden.example' });
    expect(await statusFor(gateway.url, 'https://hiden.example')).toBe(403);
    await eventually(() => expect(gateway.err()).toContain('refused'));
    writeFileSync(join(folder, 'my.yaml'), yamlFor(upstream, '${PAGE}/x'));
    await eventually(() => expect(gateway.err()).toContain('stays in force'));
    expect(gateway.err()).not.toContain('hidden.example');
    expect(gateway.err()).toContain('${PAGE}');
  });
});

describe('twenty reloads of ten thousand origins', () => {
  const SIDES = ['a', 'b'] as const;
  type Side = (typeof SIDES)[number];

  /** Everything in it says whose it is: the last origin, the exposed header and the server behind. */
  const bigYaml = (side: Side, upstream: string): string =>
    [
      'listen: 127.0.0.1:0',
      'policy:',
      `  exposedHeaders: X-${side}`,
      '  origins:',
      `    - ${PAGE}`,
      ...Array.from({ length: 9_999 }, (_, i) => `    - https://app${i}.${side}.example`),
      `routes: [{ path: /, upstream: '${upstream}' }]`,
      "limits: { rates: 'off' }", // on a busy machine it takes longer than a minute's budget lasts
    ].join('\n');

  it('lose no request, and decide none by half a policy', async () => {
    const upstreams = { a: await startEcho('a'), b: await startEcho('b') };
    const texts = { a: bigYaml('a', upstreams.a), b: bigYaml('b', upstreams.b) };
    const folder = createFolder({ 'my.yaml': texts.a });
    const gateway = await startGateway(['--config', 'my.yaml', '--no-watch'], folder);
    const seen: Record<Side, number> = { a: 0, b: 0 };
    const wrong: unknown[] = [];
    let requests = 0;
    let running = true;

    async function ask(origin: string, allowedBy: readonly Side[]): Promise<void> {
      requests++;
      const headers = { Origin: origin, 'Content-Type': 'application/json' };
      const response = await fetch(gateway.url, { method: 'POST', headers, body: '{}' });
      const exposed = response.headers.get('access-control-expose-headers')?.match(/X-[ab]/gi) ?? [];
      const body = await response.text();
      if (response.status === 403 && allowedBy.length === 1) return;
      const [side] = allowedBy.filter((one) => body === one && exposed.join() === `X-${one}`);
      const readable = response.headers.get('access-control-allow-origin') === origin;
      if (response.status === 200 && side !== undefined && readable) seen[side]++;
      else wrong.push({ origin, status: response.status, exposed, body });
    }

    async function keepAsking(origin: string, allowedBy: readonly Side[]): Promise<void> {
      while (running) await ask(origin, allowedBy).catch((error: unknown) => void wrong.push(error));
    }

    const asking = [
      keepAsking(PAGE, SIDES),
      keepAsking(PAGE, SIDES),
      ...SIDES.flatMap((side) => [
        keepAsking(`https://app0.${side}.example`, [side]),
        keepAsking(`https://app9998.${side}.example`, [side]),
      ]),
    ];
    for (let reload = 1; reload <= 20; reload++) {
      writeFileSync(join(folder, 'my.yaml'), texts[reload % 2 === 0 ? 'a' : 'b']);
      gateway.process.kill('SIGHUP');
      await eventually(() => expect(gateway.err().match(/^reloaded /gm)).toHaveLength(reload));
    }
    running = false;
    await Promise.all(asking);
    expect(wrong).toEqual([]);
    expect(requests).toBeGreaterThan(100);
    expect(seen.a > 0 && seen.b > 0).toBe(true);
    expect(gateway.err()).not.toMatch(/^(?:error|502|504)/m);
  }, 300_000);
});
