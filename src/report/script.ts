/** What Muse's users see: whether the database is initialized. */

import type { Report } from '../report.ts';
import type { Status } from '../status.ts';
import { inVoice, type Voice } from './error-text.ts';
import { hookLines } from './hooks.ts';

const EDITED =
  'the script was edited since it was run here, and is not run again: `rungs create --from-script PATH` makes versioned migrations of it';

export function scriptRunText(r: Report): string {
  const [step] = r.applied;
  if (step === undefined) return r.pending.length === 0 ? 'Nothing to do' : 'Nothing was run';
  if (!r.dryRun) return `Database initialized: ${step.file ?? step.id}`;
  const mode = step.mode === 'atomic' ? '' : ` [${step.mode}]`;
  return [
    `Dry run - this script would be run:\n  - ${step.file ?? step.id}${mode}`,
    ...hookLines(r.hooks),
  ].join('\n');
}

export function scriptStatusText({ migrations, sentinel, unfinished }: Status, voice: Voice): string {
  const [script] = migrations;
  if (script === undefined) return 'There is no script';
  const { path, id, state, appliedAt } = script;
  const said = (text: string) => inVoice(text, voice);
  if (state === 'dirty') {
    const done =
      unfinished?.resumable === true ? `: ${unfinished.done} statements; \`task migrate\` goes on` : '';
    return said(`Script: ${path ?? id}\nStatus: HALF DONE${done}`);
  }
  const isThere = state === 'applied' || state === 'changed';
  const when = appliedAt === null ? '' : ` (${appliedAt.slice(0, 19).replace('T', ' ')} UTC)`;
  return [
    `Script: ${path ?? id}`,
    isThere
      ? `Status: initialized${when}, the table ${sentinel} is there`
      : said(`Status: NOT INITIALIZED, there is no table ${sentinel}; \`task migrate\` runs the script`),
    ...(state === 'changed' ? [`Needs attention: ${EDITED}`] : []),
  ].join('\n');
}
