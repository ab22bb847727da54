import { type JsonSchema, POLICY_SCHEMA } from '../policy/schema.js';
import { type ConfigDocument, readConfigDocument } from './configDocument.js';
import { placedErrors, readConfigText } from './configFile.js';

/** What is known of a configuration without the gateway's package: its policies. */
const POLICIES_SCHEMA: JsonSchema = {
  ...POLICY_SCHEMA,
  properties: {
    ...(POLICY_SCHEMA.properties as JsonSchema),
    policy: POLICY_SCHEMA,
    routes: { items: { properties: { policy: POLICY_SCHEMA } } },
  },
};

/** Reads a file with a policy or a gateway's configuration, or says where it is wrong. */
export function readConfigFile(file: string, schema: JsonSchema = POLICIES_SCHEMA): ConfigDocument {
  const document = readConfigDocument(readConfigText(file), schema);
  if (document.problems.length > 0) throw placedErrors(file, document.problems);
  return document;
}
