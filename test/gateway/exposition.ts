/** A sample of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What an exposition says. */
export interface Exposition {
  readonly samples: readonly Sample[];
  /** By the name of the family. */
  readonly types: ReadonlyMap<string, string>;
  /** The values of samples that have these labels, in their order. */
  values(name: string, labels?: Readonly<Record<string, string>>): number[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];

/**
 * Parses Prometheus' text format strictly: each family is described once and before its samples, no sample is there twice,
 * counters end in `_total`, and the buckets of a histogram only grow, up to its count.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment;
      if (!NAME.test(name)) throw new Error(`not a name: ${line}`);
      if (kind === 'HELP') {
        if (helped.has(name)) throw new Error(`described twice: ${name}`);
        helped.add(name);
      } else {
        if (types.has(name) || !TYPES.includes(rest)) throw new Error(`not a type: ${line}`);
        if (rest === 'counter' && !name.endsWith('_total')) throw new Error(`no _total: ${name}`);
        types.set(name, rest);
      }
    } else if (line !== '') {
      const sample = parseSample(line);
      if (familyOf(sample.name, types) === undefined) throw new Error(`no type: ${line}`);
      const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(key)) throw new Error(`twice: ${line}`);
      seen.add(key);
      samples.push(sample);
    }
  }
  const values: Exposition['values'] = (name, labels = {}) =>
    samples
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      .map(({ value }) => value);
  for (const [name, type] of types) if (type === 'histogram') checkBuckets(name, samples);
  return { samples, types, values };
}

function parseSample(line: string): Sample {
  const match = SAMPLE.exec(line);
  if (match === null) throw new Error(`not a sample: ${line}`);
  const [, name = '', labelText = '', number = ''] = match;
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labelText.length) {
    const label = LABEL.exec(labelText);
    if (label === null) throw new Error(`not a label: ${line}`);
    const [, key = '', value = ''] = label;
    if (key in labels) throw new Error(`label twice: ${line}`);
    labels[key] = value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
  }
  const value = number === '+Inf' ? Infinity : number === '-Inf' ? -Infinity : Number(number);
  if (Number.isNaN(value) && !/^nan$/i.test(number)) throw new Error(`not a number: ${line}`);
  return { name, labels, value };
}

function familyOf(name: string, types: ReadonlyMap<string, string>): string | undefined {
  const base = name.replace(/_(?:bucket|sum|count)$/, '');
  if (types.has(name)) return name;
  const type = types.get(base);
  return type === 'histogram' || type === 'summary' ? base : undefined;
}

function checkBuckets(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    if (sample.name !== `${name}_bucket`) continue;
    const { le: _, ...rest } = sample.labels;
    const key = JSON.stringify(rest);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, list] of series) {
    const values = list.map(({ value }) => value);
    if (values.some((value, i) => value < (values[i - 1] ?? 0))) throw new Error(`buckets shrink: ${name}`);
    if (list.at(-1)?.labels.le !== '+Inf') throw new Error(`no last bucket: ${name}`);
    const count = samples.find(
      (sample) => sample.name === `${name}_count` && JSON.stringify(sample.labels) === key,
    );
    if (count?.value !== values.at(-1)) throw new Error(`the count is not that of the buckets: ${name}`);
  }
}
