/** The part of `verify` that is about the files: what is pending, and whether it can run. */

import { type Analysed, analyse } from './analysed.ts';
import { stateOf } from './applied.ts';
import type { Checklist, Found } from './checklist.ts';
import { neededBy, refuseUnavailable } from './extensions.ts';
import type { Job } from './job.ts';
import type { Sight } from './look.ts';
import type { Goal, Migrations, Step } from './migration.ts';
import type { Session } from './pg/session.ts';
import { hookFiles } from './plan/hooks.ts';
import { plan } from './plan/plan.ts';
import { codeOf, type Plan } from './plan/situation.ts';
import { refuseLong } from './prepare.ts';
import type { Recorded } from './recorded.ts';
import { withoutReworded } from './repeatable.ts';
import { counted } from './report/amounts.ts';
import { LARGE } from './sql/large-limit.ts';

const UP: Goal = { kind: 'up', steps: null, to: null };

export const skipFiles = (list: Checklist, why: string): void =>
  list.skip(['history', 'pending files', 'extensions'], why);

/** What is needed to say what a run would do. */
export interface Known {
  readonly sight: Sight;
  readonly source: Migrations;
  readonly recorded: Recorded;
  readonly isHeld: boolean;
}

export async function verifyFiles(list: Checklist, job: Job, session: Session, known: Known): Promise<void> {
  const { sight, source, recorded, isHeld } = known;
  if (recorded.head.dirty && isHeld) {
    list.found('history', {
      message: 'the version is dirty while another run is at work',
      hint: 'look again when it has ended',
    });
    list.skip(['pending files', 'extensions'], 'another run is at work');
    return;
  }
  const state = stateOf(recorded, source);
  const planned = await list.look(
    'history',
    async () => plan(source, recorded.head, state, UP, job.allow),
    historyFound,
  );
  if (planned === null) {
    list.skip(['pending files', 'extensions'], 'what is pending is not known');
    return;
  }
  const setting = {
    serverVersion: sight.identity.serverVersion,
    isConforming: sight.identity.isConforming,
    code: codeOf(UP, recorded.head),
    multiStatement: job.door.multiStatement,
    emit: job.emit,
  };
  const pending = await list.look(
    'pending files',
    async () => {
      const hooks = await job.hooks();
      const read = await analyse(planned.steps, new Map(), setting, hookFiles(hooks));
      const made = await withoutReworded(planned, read, state);
      if (job.lockStrategy === 'transaction')
        refuseLong(made.steps, hooks, read, setting.code, job.plainOnly);
      return { read, plan: made };
    },
    ({ plan: { steps } }) => ({ message: readText(steps) }),
  );
  if (pending === null) {
    list.skip(['extensions'], 'the pending files could not be read');
    return;
  }
  await list.look(
    'extensions',
    () => refuseUnavailable(session, pending.plan.steps, pending.read, setting),
    () => ({ message: extensionsFound(pending.plan, pending.read) }),
  );
}

/** Which repeatables are pending, the check behind it tells. */
function historyFound({ steps, warnings }: Plan): Found {
  const versioned = steps.filter((s) => s.file?.repeatable !== true).length;
  const message = versioned === 0 ? 'nothing pending' : `${counted(versioned, 'migration')} pending`;
  const [first] = warnings;
  return first === undefined
    ? { message }
    : { message: `${message}; ${first.message}`, hint: 'see `task migrate:status`' };
}

function extensionsFound({ steps }: Plan, analysed: Analysed): string {
  const names = [...new Set(neededBy(steps, analysed).map((n) => n.name))];
  return names.length === 0 ? 'none needed' : `${names.join(', ')}: available`;
}

/** Whoever verifies is told what is left for the server to find. */
function readText(steps: readonly Step[]): string {
  if (steps.length === 0) return 'none';
  const large = steps.flatMap(({ file }) => (file !== null && file.text.length > LARGE ? [file.path] : []));
  const except = large.length === 0 ? '' : `, but for the INSERTs of ${large.join(', ')}: over 4 MB`;
  return `${counted(steps.length, 'file')} read by PostgreSQL’s grammar${except}`;
}
