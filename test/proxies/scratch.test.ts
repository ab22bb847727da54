import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { runDifferential } from './differential/run.js';

const target = process.env.T ?? 'nginx';
test(target, async () => {
  const o = await runDifferential(target, Number(process.env.SEED ?? 1), Number(process.env.N ?? 3000));
  const group = (ds: typeof o.open) => {
    const m = new Map<string, (typeof ds)[number][]>();
    for (const d of ds) {
      const k = `${d.what} [${d.reason}]`;
      m.set(k, [...(m.get(k) ?? []), d]);
    }
    return [...m];
  };
  const show = (d: (typeof o.open)[number]) =>
    JSON.stringify({
      site: d.site,
      m: d.sent.method,
      t: d.sent.target.slice(0, 100),
      l: d.sent.lines.map(([a, b]) => `${a}: ${b.length > 120 ? b.slice(0, 120) + '…' + b.length : b}`),
      st: typeof d.answer === 'string' ? d.answer : d.answer.status,
      al:
        typeof d.answer === 'string'
          ? ''
          : d.answer.lines
              .map((x) => x.join(': '))
              .join(' | ')
              .slice(0, 600),
      arr: d.arrived?.slice(0, 100),
    });
  console.log(target, {
    shown: o.shown,
    reached: o.reached,
    read: o.read,
    pre: o.preflights,
    open: o.open.length,
    stricter: o.stricter.length,
  });
  let text = '';
  for (const [k, ds] of group(o.open))
    text += `OPEN ${k} x${ds.length}\n` + ds.slice(0, 6).map(show).join('\n') + '\n';
  for (const [k, ds] of group(o.stricter))
    text += `STRICT ${k} x${ds.length}\n` + ds.slice(0, 8).map(show).join('\n') + '\n';
  writeFileSync(`/tmp/p6-${target}.txt`, text);
}, 500_000);
