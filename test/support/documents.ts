import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import type { CliResult } from './cli.ts';

const path = join(resolve(import.meta.dirname, '../..'), 'docs/report.schema.json');
const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
const validate = ajv.compile(JSON.parse(readFileSync(path, 'utf8')));

export interface ErrorDocument {
  /** Of a fleet. */
  readonly target?: string | null;
  readonly code: string;
  readonly reason: string;
  readonly operation: string;
  readonly message: string;
  readonly sqlstate: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly hint: string;
  readonly details: readonly string[];
}

/** What the tests look at; the schema says what is there in which. */
export interface Document {
  readonly command: string;
  readonly version?: string | null;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly dirty?: boolean;
  readonly applied?: readonly { readonly id: string; readonly mode: string; readonly direction: string }[];
  readonly pending?: readonly { readonly id: string }[];
  readonly failed?: { readonly id: string; readonly rolledBack: boolean } | null;
  readonly notReached?: readonly { readonly id: string }[];
  readonly unknown?: readonly { readonly id: string }[];
  readonly migrations?: readonly { readonly id: string; readonly state: string }[];
  readonly counts?: Readonly<Record<string, number>>;
  readonly shard?: { readonly number: number; readonly of: number } | null;
  readonly of?: number;
  readonly targets?: readonly { readonly name: string; readonly state: string }[];
  readonly warnings: readonly { readonly reason: string; readonly message: string }[];
  readonly error: ErrorDocument | null;
}

/** Why a value is not what the schema says; empty if it is. */
export function faultsOf(document: unknown): readonly string[] {
  if (validate(document)) return [];
  return (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message}`);
}

/** All of stdout as the one document it must be, by the published schema. */
export function documentOf({ stdout }: CliResult): Document {
  const document: unknown = JSON.parse(stdout);
  expect(faultsOf(document)).toEqual([]);
  return document as Document;
}

/** The same of a command that failed. */
export function errorOf(result: CliResult): ErrorDocument {
  const { error } = documentOf(result);
  if (error === null) throw new Error('it did not fail');
  return error;
}
