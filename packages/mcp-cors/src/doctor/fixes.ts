import { commandLine } from './commandLine.js';
import type { FindingText } from './findings.js';
import type { Patient } from './patient.js';
import { type Concern, type Prescription, prescribe, RENDERED_STACKS } from './prescription.js';
import { RECIPES } from './recipe.js';
import type { Rendering } from './report.js';
import { isFront } from './stacks.js';

/** Every stack that has lines of its own. */
export const FIXED_STACKS: readonly string[] = Object.freeze([...RENDERED_STACKS, ...Object.keys(RECIPES)]);

/** What mends a patient: the same files for all that is found. */
export interface Fixes {
  /** What to change: a sentence, then what the stack that was recognised needs, then our gateway. */
  fixFor(text: Pick<FindingText, 'remedy' | 'byPolicy' | 'byProxy' | 'layers'>): string;
  /** The rendered files that a fix tells to write, whole. */
  renderings(): readonly Rendering[];
}

/** Makes fixes for one patient; each file is rendered once, and only when it is needed. */
export function createFixes(patient: Patient): Fixes {
  const prescriptions = new Map<string, Prescription | undefined>();
  const told = new Set<Rendering>();
  const prescribed = (stack: string): Prescription | undefined => {
    if (!prescriptions.has(stack)) prescriptions.set(stack, prescribe(stack, patient));
    return prescriptions.get(stack);
  };
  const fixIn = (stack: string, concern: Concern): string | undefined => {
    const prescription = prescribed(stack);
    if (prescription !== undefined) {
      told.add(prescription.rendering);
      return showPrescription(prescription, concern);
    }
    const recipe = concern === 'policy' ? RECIPES[stack] : undefined;
    return recipe && `In ${recipe.name}:\n\n${recipe.lines(patient)}`;
  };
  const known = patient.stacks.map(({ stack }) => stack);
  const first = (stacks: readonly string[], concern: Concern): string | undefined => {
    for (const stack of stacks) {
      const fix = fixIn(stack, concern);
      if (fix !== undefined) return fix;
    }
    return undefined;
  };
  return {
    fixFor({ remedy, byPolicy, byProxy, layers }) {
      if (patient.pages.length === 0) return remedy;
      // Only what stands in front holds streams back.
      if (byProxy) return [remedy, first(known.filter(isFront), 'streams')].filter(Boolean).join(' ');
      if (!byPolicy) return remedy;
      // Where two layers answer, the outer one can silence the inner one.
      const fix = first(layers ? [...known.filter(isFront), ...known] : known, 'policy');
      return fix === undefined
        ? `${remedy} Or without touching the server:\n\n${gateway(patient)}`
        : `${remedy} ${fix}\n\nOr put the gateway in front:\n\n${gateway(patient)}`;
    },
    renderings: () => [...told],
  };
}

function showPrescription({ name, rendering, use, excerpt }: Prescription, concern: Concern): string {
  const shown = excerpt(concern);
  return [
    `In ${name}: write ${rendering.file}, which holds the whole policy.`,
    rendering.command,
    ...(use === undefined ? [] : [use]),
    ...(shown === '' ? [] : [`${rendering.file} says at its top where it goes; its heart is:`, shown]),
  ].join('\n\n');
}

/** Our gateway in front of the server, whatever that is made of. */
function gateway({ pages, endpoint }: Patient): string {
  return commandLine('gateway', [['upstream', endpoint], ...pages.map((page) => ['origin', page] as const)]);
}
