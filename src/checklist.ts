/** What `verify` has looked at, in order. */

import type { MigrateError } from './errors.ts';
import { asMigrateError } from './refused.ts';
import type { Check, CheckName } from './report.ts';

/** What was found, in words; with a hint it is a warning. */
export interface Found {
  readonly message: string;
  readonly hint?: string;
}

export class Checklist {
  readonly checks: Check[] = [];

  /** Does the work and notes how it went; null where it failed. Never rejects. */
  async look<T>(name: CheckName, work: () => Promise<T>, told: (value: T) => Found): Promise<T | null> {
    try {
      const value = await work();
      this.found(name, told(value));
      return value;
    } catch (e) {
      this.failed(name, asMigrateError(e, 'MIGRATION_VERSION_FAILED', `look at the ${name}`));
      return null;
    }
  }

  found(name: CheckName, { message, hint = null }: { message: string; hint?: string | null }): void {
    this.checks.push({ name, state: hint === null ? 'ok' : 'warning', message, hint, error: null });
  }

  failed(name: CheckName, error: MigrateError): void {
    this.checks.push({ name, state: 'failed', message: error.message, hint: error.hint, error });
  }

  /** What cannot be looked at, for the failure of another check. */
  skip(names: readonly CheckName[], why: string): void {
    for (const name of names) {
      this.checks.push({ name, state: 'skipped', message: why, hint: null, error: null });
    }
  }
}
