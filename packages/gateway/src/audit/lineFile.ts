import { close as closeFile, fstat, open, stat, writeSync, write as writeTo } from 'node:fs';

/** A file that lines are added to while others rename it, remove it, cut it or fill its disk. */
export interface LineFile {
  /** Adds a line, with its end. Never throws and never waits. */
  write(line: string): void;
  /** Opens the file anew, for tools that have moved it. */
  reopen(): void;
  /** Writes what is left, within a bound, and closes the file. */
  close(): Promise<void>;
  /** Lines that could not be kept. */
  readonly lost: number;
}

/** What lines wait for others before they are written, in milliseconds: what a process that is killed may lose. */
const GATHER_MS = 100;
/** From this many bytes on nothing is waited for. */
const GATHERED_BYTES = 65_536;
/** Most bytes that wait for a disk; lines past that are lost, and counted. */
export const MOST_WAITING_BYTES = 16 * 1024 * 1024;
/** How often it is looked whether the file was moved, and whether a failed one can be written again. */
const LOOK_MS = 1_000;
/** How long closing may wait for a disk. */
const CLOSE_TIMEOUT_MS = 2_000;

const STANDARD_ERROR = 2;
const LF = 0x0a;

/**
 * Opens a file for lines; `-` is standard error. A file that cannot be opened or written is told of once, and tried again
 * from time to time; lines wait meanwhile, up to a bound.
 */
export function createLineFile(path: string, tell: (message: string) => void): LineFile {
  const standard = path === '-';
  let descriptor: number | undefined = standard ? STANDARD_ERROR : undefined;
  /** Device and inode of what is open. */
  let identity = '';
  let gathered: string[] = [];
  let gatheredBytes = 0;
  let chunk: Buffer | undefined; // under way
  let busy = false; // opening, or writing the chunk
  let wantsReopen = false;
  let failing = false;
  /** Whether the file could not be opened anew, so that lines still go where it was moved. */
  let astray = false;
  let told = false;
  let lost = 0;
  let lostBefore = 0;
  let timer: NodeJS.Timeout | undefined;
  let closing: (() => void) | undefined;
  let closed = false;

  const look = setInterval(() => {
    if (failing) advance();
    else if (astray) reopen();
    else if (!standard && !busy) lookForMove();
  }, LOOK_MS);
  look.unref();
  process.on('exit', writeRest);
  if (!standard) advance();

  function lookForMove(): void {
    stat(path, (error, found) => {
      const moved = error === null ? identityOf(found) !== identity : error.code === 'ENOENT';
      if (moved && descriptor !== undefined) reopen();
    });
  }

  function reopen(): void {
    if (standard) return;
    wantsReopen = true;
    advance();
  }

  /** Takes the next step there is: open, write, close. */
  function advance(): void {
    if (busy) return;
    if (!standard && (descriptor === undefined || wantsReopen)) {
      openAgain();
      return;
    }
    if (chunk === undefined && gatheredBytes > 0) {
      chunk = Buffer.from(gathered.join(''), 'latin1');
      gathered = [];
      gatheredBytes = 0;
    }
    if (chunk !== undefined) writeChunk(descriptor as number, chunk, 0);
    else closing?.();
  }

  function openAgain(): void {
    busy = true;
    wantsReopen = false;
    open(path, 'a', 0o640, (error, opened) => {
      if (error !== null) {
        busy = false;
        astray = descriptor !== undefined;
        failing = !astray;
        fail(error);
        if (astray && (chunk !== undefined || gatheredBytes > 0)) advance();
        return;
      }
      fstat(opened, (failure, found) => {
        busy = false;
        identity = failure === null ? identityOf(found) : '';
        if (descriptor !== undefined) closeFile(descriptor, () => {});
        descriptor = opened;
        astray = false;
        advance();
      });
    });
  }

  function writeChunk(to: number, bytes: Buffer, from: number): void {
    busy = true;
    writeTo(to, bytes, from, bytes.length - from, null, (error, written) => {
      const at = from + written;
      if (error === null && at < bytes.length) {
        writeChunk(to, bytes, at);
        return;
      }
      busy = false;
      if (error === null) {
        chunk = undefined;
        recover();
        if (gatheredBytes > 0 || wantsReopen || closing !== undefined) advance();
      } else if (error.code === 'EAGAIN') {
        chunk = bytes.subarray(from); // a pipe whose reader is slow
        setTimeout(advance, GATHER_MS);
      } else {
        chunk = fromLine(bytes, from);
        failing = true;
        fail(error);
      }
    });
  }

  function fail(error: NodeJS.ErrnoException): void {
    if (closing !== undefined && !astray) {
      closing();
      return;
    }
    if (told) return;
    told = true;
    lostBefore = lost;
    const remedy = REMEDIES[error.code ?? ''] ?? 'Make it a file that this user may write';
    tell(`the audit cannot be written: ${error.message}. ${remedy}; requests are served meanwhile`);
  }

  function recover(): void {
    failing = false;
    if (!told || astray) return;
    told = false;
    const missed = lost - lostBefore;
    tell(`the audit is written again${missed === 0 ? '' : `; ${missed} of its lines were lost`}`);
  }

  /** At the end of the process there is no later. */
  function writeRest(): void {
    if (descriptor === undefined || gatheredBytes === 0) return;
    try {
      writeSync(descriptor, Buffer.from(gathered.join(''), 'latin1'));
    } catch {} // nobody is left to be told
  }

  function flush(): void {
    timer = undefined;
    if (!failing) advance();
  }

  return {
    get lost() {
      return lost;
    },
    write(line) {
      if (closed) return;
      if (gatheredBytes + line.length > MOST_WAITING_BYTES) {
        if (lost++ === 0 && !told) tell(TOO_SLOW);
        return;
      }
      gathered.push(line);
      gatheredBytes += line.length;
      if (timer === undefined) timer = setTimeout(flush, GATHER_MS).unref();
      if (gatheredBytes >= GATHERED_BYTES && !busy && !failing) advance();
    },
    reopen,
    async close() {
      clearTimeout(timer);
      await new Promise<void>((resolve) => {
        const bound = setTimeout(resolve, CLOSE_TIMEOUT_MS);
        closing = () => {
          clearTimeout(bound);
          resolve();
        };
        advance();
      });
      closed = true;
      clearInterval(look);
      process.off('exit', writeRest);
      const unwritten = gathered.length + (chunk === undefined ? 0 : linesOf(chunk));
      if (unwritten > 0) {
        lost += unwritten;
        tell(`the audit ends without its last ${unwritten} lines`);
      }
      if (!standard && descriptor !== undefined && !busy) {
        const ended = descriptor;
        descriptor = undefined;
        await new Promise((resolve) => closeFile(ended, resolve));
      }
    },
  };
}

const TOO_SLOW = 'the audit is not written as fast as it grows, and lines are lost. Use a faster disk';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'Create its folder',
  ENOTDIR: 'Create its folder',
  EACCES: 'Let this user write it',
  EPERM: 'Let this user write it',
  EROFS: 'Name a file on a disk that can be written',
  EISDIR: 'Name a file, not a folder',
  ENOSPC: 'Make room on the disk',
  EDQUOT: 'Make room on the disk',
  EIO: 'Look after the disk',
};

function identityOf({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev}:${ino}`;
}

/** What is to be written again when a write broke off: whole lines, on a line of their own. */
function fromLine(bytes: Buffer, written: number): Buffer {
  if (written === 0) return bytes;
  const start = bytes.lastIndexOf(LF, written - 1) + 1;
  const rest = bytes.subarray(start);
  return start === written ? rest : Buffer.concat([Buffer.from('\n'), rest]);
}

function linesOf(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) if (byte === LF) lines++;
  return lines;
}
