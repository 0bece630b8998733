import type { MigrationFile } from '../migration.ts';
import { type SaidOf, withoutSecrets } from './filled.ts';

/** The fields of PostgreSQL's ErrorResponse (protocol, "Error and Notice Message Fields"), as pg hands them over. */
export interface ServerError extends Error {
  /** In the server's language (lc_messages): for display only. */
  readonly severity: string;
  /** SQLSTATE. */
  readonly code: string;
  readonly detail?: string;
  readonly hint?: string;
  /** Counts characters of the message from 1; bytes where the database's encoding is SQL_ASCII. */
  readonly position?: string;
  readonly where?: string;
}

/** Their detail is the row that failed, each of its fields cut: a part of a value may be all that is left of it. */
const OF_ROWS = ['23502', '23514', '44000'];

/** With the names of the files' secret values in their place. `at`: its position, if it is in one of them. */
export function discreet(
  server: ServerError,
  files: readonly MigrationFile[],
  at: SaidOf | null = null,
): ServerError {
  if (files.every(({ filled }) => filled === undefined)) return server;
  const hasSecrets = files.some(({ filled }) => filled?.fillings.some((f) => f.isSecret) === true);
  const hide = (words: string): string => withoutSecrets(files, words, at);
  const { severity, code, position, detail, hint, where } = server;
  return Object.assign(new Error(hide(server.message)), {
    severity,
    code,
    ...(position === undefined ? {} : { position }),
    ...(detail === undefined
      ? {}
      : { detail: hasSecrets && OF_ROWS.includes(server.code) ? NO_ROW : hide(detail) }),
    ...(hint === undefined ? {} : { hint: hide(hint) }),
    ...(where === undefined ? {} : { where: hide(where) }),
  });
}

const NO_ROW = 'the row is not shown, as a secret value may be in it';

export function isServerError(e: unknown): e is ServerError {
  return e instanceof Error && 'severity' in e && typeof (e as { code?: unknown }).code === 'string';
}

/** What the server says besides its message; whose function it was, of an event trigger's for one, is in the context. */
export const furtherWords = ({ detail, hint, where }: ServerError): readonly string[] => [
  ...(detail === undefined ? [] : [`detail: ${detail}`]),
  ...(hint === undefined ? [] : [`server’s hint: ${hint}`]),
  ...(where === undefined ? [] : [`context: ${where.split('\n').slice(0, 6).join('; ')}`]),
];
