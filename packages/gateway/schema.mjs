// Writes the JSON Schema of the configuration beside the built code, for editors: it is published with the package.
import { writeFileSync } from 'node:fs';
import { GATEWAY_SCHEMA } from './dist/index.js';

writeFileSync(
  new URL('dist/schema.json', import.meta.url),
  `${JSON.stringify(GATEWAY_SCHEMA, undefined, 2)}\n`,
);
