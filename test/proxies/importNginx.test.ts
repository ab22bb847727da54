import { mkdirSync } from 'node:fs';
import { describe, test } from 'vitest';
import { configurationsOf, holdConfiguration, USERS } from './importing.js';
import { type ProxyServer, SERVERS } from './servers.js';

const { program } = SERVERS.nginx as ProxyServer;

describe('nginx behaves as the import says', () => {
  test.each(configurationsOf('nginx'))('$name', async (configuration) => {
    await holdConfiguration('nginx', configuration, (text, folder, ports) => {
      const one = program([text], folder, ports, []);
      return {
        ...one,
        files: { ...one.files, users: USERS },
        prepare: () => mkdirSync(`${folder}/conf.d`),
      };
    });
  });
});
