import { mkdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { importPolicy } from '../../packages/mcp-cors/src/import/index.js';
import { listen } from '../carriers/carriers.js';
import { behind, configurationsOf, holdToServer } from './importing.js';
import { startServer } from './place.js';
import { SERVERS } from './servers.js';

describe('nginx behaves as the import says', () => {
  const configurations = configurationsOf('nginx');

  test.each(configurations)('$name', async ({ text, holes, unread }) => {
    const upstream = await listen(behind);
    let stopped = false;
    const stop = async (): Promise<void> => {
      if (!stopped) await upstream.close();
      stopped = true;
    };
    onTestFinished(stop);
    let written = '';
    const started = await startServer(1, (ports, folder) => {
      written = text
        .replaceAll('PORT', String(ports[0]))
        .replaceAll('UPSTREAM', `127.0.0.1:${upstream.port}`);
      const program = (SERVERS.nginx as (typeof SERVERS)[string]).program([written], folder, ports, []);
      return { ...program, prepare: () => mkdirSync(`${folder}/conf.d`) };
    });
    onTestFinished(started.stop);
    const imported = importPolicy(written, { file: 'mcp.conf' });
    expect(imported.format).toBe('nginx');
    expect(imported.places).toHaveLength(1);
    const [place] = imported.places;
    if (place === undefined) throw new Error('there is no place');
    await holdToServer(place, started.ports[0] as number, stop);
    expect([...new Set(place.holes.map(({ id }) => id))].sort()).toEqual(holes);
    expect(imported.unread.map((one) => one.text)).toEqual(unread);
    for (const { line, column } of [...place.holes, ...imported.unread]) {
      expect([line, column]).toEqual([expect.any(Number), expect.any(Number)]);
    }
  });
});
