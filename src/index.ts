/** The public names, and nothing else. */

export type { Adoption, Baseline } from './adopt/adoption.ts';
export type { Entry as AdoptionEntry } from './adopt/mapping.ts';
export {
  adopt,
  baseline,
  currentVersion,
  down,
  fleet,
  force,
  goto,
  plan,
  readMigrations,
  redo,
  rollback,
  status,
  up,
  verify,
  version,
} from './api.ts';
export type { GivenTarget } from './config/target.ts';
export { CODES, type ErrorCode, MigrateError } from './errors.ts';
export type { Blocker, Event, LockHolder, Warning } from './event.ts';
export type {
  FleetEvent,
  FleetReport,
  Shard,
  TargetName,
  TargetReport,
  TargetState,
} from './fleet-report.ts';
export type {
  GivenHook,
  GivenHooks,
  HookedStep,
  HookFunction,
  HookName,
  HookPlan,
  NamedHook,
} from './hook.ts';
export type {
  Confirmed,
  Direction,
  Goal,
  Layout,
  Location,
  Migration,
  MigrationFile,
  Migrations,
  Mode,
  Step,
} from './migration.ts';
export type {
  AdoptOptions,
  BaselineOptions,
  DownOptions,
  FleetOptions,
  FleetTarget,
  ForceOptions,
  GivenGoal,
  GivenVersion,
  GotoOptions,
  MigrateOnStartOptions,
  Options,
  RunOptions,
  UpOptions,
  VerifyOptions,
  VersionOptions,
} from './options.ts';
export type { LentClient } from './pg/lent.ts';
export { REASONS, type Reason } from './reasons.ts';
export type { Head } from './recorded.ts';
export type { Check, CheckName, HookReport, MigrationRef, Report, StepReport } from './report.ts';
export type { GivenPlaceholders } from './sql/placeholders.ts';
export { migrateOnStart } from './start.ts';
export type { MigrationState, Status, StatusRow } from './status.ts';
