import { expect, test } from 'vitest';
import { hasGo } from './hosts/go.js';
import { runProxyVectors } from './runner.js';

// Where there is no Go, the test says so by its name; the file itself is held by the tests of the room.
if (hasGo()) runProxyVectors('go');
else
  test('go: no toolchain on this machine, so that no vector was shown to Go', () =>
    expect(hasGo()).toBe(false));
