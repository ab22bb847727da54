import { clientKey } from 'mcp-cors/carrier';
import { createBudget } from './budget.js';
import type { ToolMemory } from './memory.js';
import { askForTools, type ListRequest } from './toolList.js';
import type { DeclaredTools } from './toolPage.js';

/** A question for the tools of an upstream, on a client's behalf. */
export interface Inquiry extends Omit<ListRequest, 'mayAsk'> {
  readonly upstream: string;
  /** The client's address. */
  readonly address: string | undefined;
}

/** How often an upstream was asked, and how often it was not. */
export interface InquiryCounts {
  /** Requests for tools that were sent. */
  readonly asked: number;
  /** Times that nothing was sent, since too much had been. */
  readonly refused: number;
}

/** Asks upstreams for their tools, within bounds, and remembers what they say. */
export interface Inquiries {
  /** Asks once for all who wait with the same key; undefined when nothing is to be asked now. */
  ask(key: string, inquiry: Inquiry): Promise<DeclaredTools | undefined> | undefined;
  /** Lets nothing be remembered of what is under way. */
  drop(key: string): void;
  counts(): InquiryCounts;
}

/** Requests for tools that one client may cause in a minute. */
const ASKS_PER_MINUTE = 120;

/** Lists that one upstream is asked for at a time. */
const LISTS_AT_ONCE = 16;

/** Makes inquiries that fill a memory. */
export function createInquiries(memory: ToolMemory): Inquiries {
  const budget = createBudget(ASKS_PER_MINUTE, 60_000);
  const pending = new Map<string, Promise<DeclaredTools | undefined>>();
  const running = new Map<string, number>();
  let asked = 0;
  let refused = 0;

  async function run({ upstream, address, ...inquiry }: Inquiry) {
    const client = clientKey(address);
    let withinBudget = true;
    const mayAsk = (): boolean => {
      withinBudget = budget.take(client);
      if (withinBudget) asked++;
      else refused++;
      return withinBudget;
    };
    running.set(upstream, (running.get(upstream) ?? 0) + 1);
    const tools = await askForTools({ ...inquiry, mayAsk });
    running.set(upstream, (running.get(upstream) as number) - 1);
    return { tools, withinBudget };
  }

  return {
    ask(key, inquiry) {
      const known = pending.get(key);
      if (known !== undefined) return known;
      if ((running.get(inquiry.upstream) ?? 0) >= LISTS_AT_ONCE) {
        refused++;
        return undefined;
      }
      const list = run(inquiry).then(({ tools, withinBudget }) => {
        if (pending.get(key) !== list) return tools; // dropped meanwhile
        pending.delete(key);
        if (withinBudget) memory.settle(key, tools);
        return tools;
      });
      pending.set(key, list);
      return list;
    },
    drop: (key) => void pending.delete(key),
    counts: () => ({ asked, refused }),
  };
}
