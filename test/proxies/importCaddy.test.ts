import { describe, test } from 'vitest';
import { configurationsOf, holdConfiguration } from './importing.js';
import { type ProxyServer, SERVERS } from './servers.js';

const { program } = SERVERS.caddy as ProxyServer;

describe('Caddy behaves as the import says', () => {
  test.each(configurationsOf('caddy'))('$name', async (configuration) => {
    await holdConfiguration('caddy', configuration, (text, folder, ports) =>
      program([text], folder, ports, []),
    );
  });
});
