/** A value somewhere in a file. What is wrong with it is noted together with its place, and reading goes on. */
export interface Place {
  readonly value: unknown;
  fault(message: string): void;
  has(key: string): boolean;
  at(key: string | number): Place;
  allowKeys(...keys: readonly string[]): void;
  entries(): readonly (readonly [string, Place])[];
  items(): readonly Place[];
  text(): string;
  texts(): readonly string[];
  whole(): number;
  oneOf<T extends string>(known: readonly T[]): T;
}

/** Makes a place; `problems` collects what is wrong there and below. */
export function createPlace(where: string, value: unknown, problems: string[]): Place {
  const fault = (message: string): void => {
    problems.push(`${where}: ${message}`);
  };
  const members = (): Readonly<Record<string, unknown>> => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    fault('an object is expected');
    return {};
  };
  const list = (): readonly unknown[] => {
    if (Array.isArray(value)) return value;
    fault('a list is expected');
    return [];
  };

  const place: Place = {
    value,
    fault,
    has: (key) => members()[key] !== undefined,
    at: (key) => {
      const found = typeof key === 'number' ? list()[key] : members()[key];
      return createPlace(`${where}: ${key}`, found, problems);
    },
    allowKeys: (...keys) => {
      for (const key of Object.keys(members())) {
        if (!keys.includes(key)) fault(`the key ${key} is none of ${keys.join(', ')}`);
      }
    },
    entries: () => Object.keys(members()).map((key) => [key, place.at(key)] as const),
    items: () => list().map((_, i) => place.at(i)),
    text: () => {
      if (typeof value !== 'string') fault('a text is expected');
      return String(value);
    },
    texts: () => place.items().map((item) => item.text()),
    whole: () => {
      if (!Number.isInteger(value)) fault('a whole number is expected');
      return Number(value);
    },
    oneOf: <T extends string>(known: readonly T[]) => {
      if (!(known as readonly unknown[]).includes(value)) fault(`one of ${known.join(', ')} is expected`);
      return value as T;
    },
  };
  return place;
}
