import { styleText } from 'node:util';

/** Exit codes of every command. */
export const EXIT = Object.freeze({ clean: 0, refused: 1, usage: 2, unreachable: 3 });

/** Where a command writes. Results go to `out`; everything for people besides goes to `err`. */
export interface Terminal {
  /** A line on standard output. */
  out(line?: string): void;
  /** A line on standard error. */
  err(line?: string): void;
  /** Shows on the last line of standard error what is being done, when that is a terminal; an empty text takes it away. */
  progress(text: string): void;
  /** Paints text for standard output, when that is a terminal and colours are wanted. */
  paint(style: Style, text: string): string;
  /** The same for standard error. */
  paintErr(style: Style, text: string): string;
}

/** What colours are used for. */
export type Style = keyof typeof STYLES;

const STYLES = {
  good: 'green',
  bad: 'red',
  warning: 'yellow',
  strong: 'bold',
  faint: 'dim',
} as const;

/** The process's own terminal. Colours follow https://no-color.org and appear on terminals alone. */
export function createTerminal(
  { stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'> = process,
  environment: NodeJS.ProcessEnv = process.env,
): Terminal {
  const painter = (stream: NodeJS.WriteStream) => (style: Style, text: string) => {
    const colours = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
    return colours ? styleText(STYLES[style], text, { validateStream: false }) : text;
  };
  // Whoever reads along may go (`| head`): that must not end a gateway that others use.
  for (const stream of [stdout, stderr]) stream.on('error', () => {});
  return {
    out: (line = '') => void stdout.write(`${line}\n`),
    err: (line = '') => void stderr.write(`${line}\n`),
    progress: (text) => {
      if (stderr.isTTY === true) stderr.write(`\r\u001b[2K${text.slice(0, (stderr.columns || 80) - 1)}`);
    },
    paint: painter(stdout),
    paintErr: painter(stderr),
  };
}

/** Ends a command: what went wrong, what to do about it, and the exit code that says so. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(message: string, hint?: string, exitCode: number = EXIT.usage) {
    super(message);
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

/** Several problems at once, each with its own hint. */
export class CommandErrors extends CommandError {
  readonly problems: readonly { readonly message: string; readonly hint: string }[];

  constructor(
    problems: readonly { readonly message: string; readonly hint: string }[],
    exitCode: number = EXIT.usage,
  ) {
    super(problems.map((problem) => problem.message).join('; '), undefined, exitCode);
    this.problems = problems;
  }
}

/** Writes an error as `error:` and `hint:` lines, and gives its exit code. What is not a CommandError is a bug: rethrown. */
export function reportError(error: unknown, terminal: Terminal): number {
  if (!(error instanceof CommandError)) throw error;
  const problems = error instanceof CommandErrors ? error.problems : [error];
  for (const { message, hint } of problems) {
    terminal.err(`${terminal.paintErr('bad', 'error:')} ${message}`);
    if (hint !== undefined) terminal.err(`${terminal.paintErr('strong', 'hint:')} ${hint}`);
  }
  return error.exitCode;
}
