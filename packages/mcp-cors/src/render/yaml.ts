/** What a document in YAML holds. */
export type YamlValue =
  | string
  | number
  | boolean
  | readonly YamlValue[]
  | { readonly [name: string]: YamlValue | undefined };

/** A document in YAML: blocks by indentation, every text in double quotes, so that none is read as anything else. */
export function yaml(value: YamlValue): string {
  return `${linesOf(value).join('\n')}\n`;
}

function linesOf(value: YamlValue): readonly string[] {
  if (typeof value !== 'object') return [scalar(value)];
  if (isList(value)) {
    if (value.length === 0) return ['[]'];
    return value.flatMap((item) => linesOf(item).map((line, i) => (i === 0 ? `- ${line}` : `  ${line}`)));
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (members.length === 0) return ['{}'];
  return members.flatMap(([name, member]) => {
    const lines = linesOf(member as YamlValue);
    const key = /^[A-Za-z][\w.-]*$/.test(name) ? name : scalar(name);
    return isScalar(member as YamlValue)
      ? [`${key}: ${lines[0]}`]
      : [`${key}:`, ...lines.map((line) => `  ${line}`)];
  });
}

function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value);
}

/** Whether a value stands on one line. */
function isScalar(value: YamlValue): boolean {
  return typeof value !== 'object' || Object.values(value).filter((one) => one !== undefined).length === 0;
}

/** Double quotes know the escapes of JSON. Two braces would begin a template where files are templates. */
function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value)
    .replaceAll('{{', '{\\u007b')
    .replaceAll(/[\x7f-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
