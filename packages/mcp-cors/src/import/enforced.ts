import type { EndpointKind } from '../policy/index.js';

/**
 * What a configuration really does about CORS, whatever its author meant. A reader fills it in; what is a hole, and which
 * policy comes nearest, follows from it. `undefined` says that the reader cannot tell, and no hole is made of that.
 */
export interface Enforced {
  /** What it is and where it holds: `CORSMiddleware`, `server mcp.example.com, location /mcp`. */
  readonly name: string;
  /** Where it begins, from 1. */
  readonly line: number;
  /** Lines of single parts, where they are not those of the whole. */
  readonly lines?: Readonly<Partial<Record<EnforcedPart, number>>> | undefined;
  /** Where in the line it begins, from 1, and where single parts do; of readers that tell. */
  readonly column?: number | undefined;
  readonly columns?: Readonly<Partial<Record<EnforcedPart, number>>> | undefined;
  /** Origins that are admitted one by one; undefined when they are not written in the file. */
  readonly origins: readonly EnforcedOrigin[] | undefined;
  /** Whether every origin is admitted: `*` is answered, or the request's own origin is sent back unchecked. */
  readonly anyOrigin: 'no' | 'star' | 'reflected';
  readonly credentials: boolean | undefined;
  /** Methods that a preflight is granted; `any`: whatever it asks for. */
  readonly methods: readonly string[] | 'any' | undefined;
  /** Request headers that a preflight is granted; one that ends in `*` stands for all that begin so. */
  readonly allowedHeaders: readonly string[] | 'any' | undefined;
  readonly exposedHeaders: readonly string[] | undefined;
  /** undefined where none is sent. */
  readonly maxAgeSeconds: number | undefined;
  /** The Host allowlist as `hosts` of a policy has it; `unchecked` where every Host is taken. */
  readonly hosts?: readonly string[] | 'unchecked' | undefined;
  readonly endpoints?: Readonly<Record<string, EndpointKind>> | undefined;
  readonly missingOrigin?: 'allow' | 'deny' | undefined;
  readonly conduct: Conduct;
}

/** The parts of {@link Enforced} that can have lines of their own. */
export type EnforcedPart =
  | Exclude<keyof Enforced, 'name' | 'line' | 'lines' | 'column' | 'columns' | 'conduct'>
  | keyof Conduct;

/** An origin that is admitted, or an expression that admits some. */
export type EnforcedOrigin =
  | {
      readonly type: 'exact' | 'pattern';
      /** As a policy writes it. */
      readonly text: string;
      readonly line?: number | undefined;
      readonly column?: number | undefined;
    }
  | {
      readonly type: 'regexp';
      /** As JavaScript would search with it: where the configuration's engine matches whole texts, it has anchors here. */
      readonly source: string;
      readonly flags: string;
      readonly line?: number | undefined;
      readonly column?: number | undefined;
    };

/** How it treats requests and responses; true is what is wanted. */
export interface Conduct {
  /** A request of a foreign origin is refused (403), and not handed on without headers. */
  readonly refusesForeignOrigins?: boolean | undefined;
  /** A POST that is not JSON is refused. */
  readonly checksContentType?: boolean | undefined;
  /** Preflights are answered before the application and its authentication. */
  readonly answersPreflights?: boolean | undefined;
  /** Only preflights are answered, and other OPTIONS go on. */
  readonly passesOtherOptions?: boolean | undefined;
  /** Error responses carry the headers too, those of the proxy or framework itself included. */
  readonly coversErrors?: boolean | undefined;
  /** `Vary: Origin` is on every response whose headers depend on the origin, and on those that lack them for it. */
  readonly varies?: boolean | undefined;
  /** What the application says about CORS itself is taken away. */
  readonly replacesApplicationHeaders?: boolean | undefined;
  /** Events of a stream go on as they come: neither buffered nor compressed, and not cut when it is quiet. */
  readonly flushesStreams?: boolean | undefined;
}
