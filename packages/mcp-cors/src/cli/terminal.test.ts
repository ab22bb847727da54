import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createTerminal } from './terminal.js';

/** A stream that keeps what it is given. */
function keep(
  isTTY: boolean,
  columns = 20,
): { readonly stream: NodeJS.WriteStream; readonly text: () => string } {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY, columns }) as unknown as NodeJS.WriteStream,
    text: () => text,
  };
}

describe('progress', () => {
  it('stays on one line of a terminal, within its width', () => {
    const stdout = keep(true);
    const stderr = keep(true);
    const terminal = createTerminal({ stdout: stdout.stream, stderr: stderr.stream } as never, {});
    terminal.progress('one');
    terminal.progress('x'.repeat(50));
    terminal.progress('');
    expect(stderr.text()).toBe(`\r\u001b[2Kone\r\u001b[2K${'x'.repeat(19)}\r\u001b[2K`);
    expect(stdout.text()).toBe('');
  });

  it('is nothing where nobody looks', () => {
    const stderr = keep(false);
    const terminal = createTerminal({ stdout: keep(true).stream, stderr: stderr.stream } as never, {});
    terminal.progress('one');
    expect(stderr.text()).toBe('');
  });
});
