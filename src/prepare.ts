/** Between the lock and the first step: what the session is brought back to, and the tables. */

import { type Analysed, chosenFor } from './analysed.ts';
import { type ErrorCode, MigrateError } from './errors.ts';
import { operationOf } from './failure.ts';
import type { Hooks } from './hook.ts';
import type { Job } from './job.ts';
import type { Entry } from './ledger/journal.ts';
import * as messages from './messages.ts';
import type { Step } from './migration.ts';
import type { Locking } from './opening.ts';
import type { Session } from './pg/session.ts';
import type { Plan } from './plan/situation.ts';
import type { Recorded } from './recorded.ts';
import { refused } from './refused.ts';
import type { Worker } from './send.ts';
import { cleanUp, decode, own, READ, type SessionState, UNDO_SHARED, WATCH } from './session-state.ts';
import type { State } from './state.ts';

/** Null where it is not known which process of a pooler will run a file: each message remembers its own. */
export async function stateBefore(
  session: Session,
  { lockStrategy }: Job,
  watch: boolean,
): Promise<SessionState | null> {
  if (lockStrategy === 'transaction') return null;
  if (!session.lent) return own(watch, session.settings);
  const reply = await refused(
    session.query(READ),
    'MIGRATION_INIT_FAILED',
    'read the lent client’s settings',
  );
  return decode(reply.sets[0]?.[0] ?? {}, watch);
}

/** Asked once the locks are held. */
export async function lockingOf(
  session: Session,
  ids: readonly bigint[],
  state: SessionState | null,
  watch: boolean,
): Promise<Locking & { readonly cleanUp: readonly string[] }> {
  const common = { watch, holder: session.lockedIn };
  if (state === null) return { ...common, lockIds: [], perMessage: ids, cleanUp: UNDO_SHARED };
  // Through a pooler look.ts has left the session as it was; by now it is ours.
  if (session.isPooled && watch && !state.lent)
    await refused(session.send(WATCH), 'MIGRATION_INIT_FAILED', 'set the session up');
  return { ...common, lockIds: ids, perMessage: null, cleanUp: cleanUp(state) };
}

/** The tables, what happened without us, and the edited files that are accepted. */
export async function prepare(
  worker: Worker,
  { recorded, state, plan }: { readonly recorded: Recorded; readonly state: State; readonly plan: Plan },
): Promise<void> {
  const common = { mode: null, head: recorded.head.version } as const;
  const unseen = state.unseen.map(
    ({ migration, direction }): Entry => ({ ...common, ...migration, direction, kind: 'assumed' }),
  );
  const accepted = plan.accepted.map((m): Entry => {
    const checksum = m.up?.checksum ?? null;
    return { ...common, ...worker.envelope.ledger.key(m), checksum, direction: 'up', kind: 'accepted' };
  });
  const exists = { ledger: recorded.ledgerExists, journal: recorded.journalExists };
  const text = messages.prepare(worker.envelope, exists, [...unseen, ...accepted], plan.accepted);
  if (text === null) return;
  const work = worker.session.transact(text).catch(async (e: unknown) => {
    // It leaves its transaction open, and a client on loan goes on.
    await worker.session.send('rollback').catch(() => {});
    throw e;
  });
  await refused(work, 'MIGRATION_INIT_FAILED', 'create the version table and the journal');
}

/** With `lockStrategy: transaction`: a file of which the locks would not last to the end. */
export function refuseLong(
  steps: readonly Step[],
  hooks: Hooks,
  analysed: Analysed,
  code: ErrorCode,
  plainOnly: boolean,
): void {
  const around = (['beforeAll', 'afterAll'] as const).find((name) => hooks[name].length > 0);
  if (steps.length > 0 && around !== undefined) {
    throw new MigrateError(code, 'lock_strategy', {
      operation: `run the ${around} hooks`,
      message:
        'with `lockStrategy: transaction` other runs come in between, and no lock lasts from beforeAll to afterAll; nothing was run',
      hint: 'take beforeEach and afterEach, or run it over a direct connection, without `lockStrategy: transaction`',
    });
  }
  for (const step of steps) {
    const { analysis, mode } = chosenFor(analysed, step, plainOnly);
    if (mode === 'atomic') continue;
    const first = analysis?.statements.find((st) => st.run === 'alone');
    throw new MigrateError(code, 'lock_strategy', {
      operation: operationOf(step),
      message: `its mode is ${mode}, which takes more than one transaction, and with \`lockStrategy: transaction\` no lock lasts longer than one; nothing was run`,
      location: step.file === null ? null : { file: step.file.path, line: first?.line ?? null, column: null },
    });
  }
}
