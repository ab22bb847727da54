import { expect, test } from 'vitest';
import { runProxyBehaviour } from './behaviour.js';
import { hasSpring } from './hosts/spring.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';

// Spring is no package of npm or Debian: where its jars are not given, the test says so by its name.
if (hasSpring()) {
  runProxyVectors('spring');
  runProxyBehaviour('spring');
  runProxyJourneys('spring');
} else
  test('spring: MCP_CORS_SPRING_JARS names no jars, so that no vector was shown to Spring', () =>
    expect(hasSpring()).toBe(false));
