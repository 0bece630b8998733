import { type Config, readConfig } from '../../src/config/config.ts';
import { readDocument } from '../../src/config/document.ts';
import type { MigrateError } from '../../src/errors.ts';
import { refusal } from './world.ts';

type Variables = Readonly<Record<string, string>>;

/** What there is of configuration, all of it optional. */
export interface Given {
  /** rungs.yaml's text. */
  readonly file?: string;
  readonly environment?: Variables;
  readonly dotenv?: Variables;
  readonly flags?: Variables;
  /** Path to content. */
  readonly files?: Variables;
}

export function configOf({ file, environment = {}, dotenv = {}, flags = {}, files = {} }: Given): Config {
  const env = { ...dotenv, ...environment };
  return readConfig({
    environment,
    dotenv,
    file: file === undefined ? null : readDocument(file, 'rungs.yaml', env),
    flag: (name) => flags[name] ?? null,
    fromFile: (path) => `conf/${path}`,
    fromProject: String,
    readText: (path) => {
      const text = files[path];
      return text === undefined ? { fault: `cannot read ${path}` } : { text };
    },
  });
}

/** The connection string, which no test that expects one is without. */
export const databaseOf = (given: Given): string => configOf(given).database?.value ?? 'none';

/** Every line of the error, without its prefix of one place that the whole error has. */
export function problemsOf(given: Given): readonly string[] {
  const error: MigrateError = refusal(() => configOf(given));
  if (error.details.length > 0) return error.details;
  const { location: at } = error;
  return [at === null ? error.message : `${at.file}:${at.line}:${at.column}: ${error.message}`];
}
