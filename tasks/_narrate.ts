/** Narration on stderr: for people, or one JSON object a line. */

import type { MigrateError } from '../src/errors.ts';
import type { Event } from '../src/event.ts';
import { errorDocument } from '../src/report/document.ts';
import { errorText, inVoice, printable, type Voice } from '../src/report/error-text.ts';
import { eventLine } from '../src/report/human.ts';
import { hiding } from './_hidden.ts';

export interface Manner {
  readonly format: 'text' | 'json';
  /** With every event, and with where errors come from. */
  readonly debug: boolean;
  /** Stack traces quote what they please: these are struck out. */
  readonly secrets: readonly string[];
}

/** Before the configuration is read. */
export const initialManner = (env: Readonly<Record<string, string | undefined>>): Manner => ({
  format: env.LOG_FORMAT === 'json' ? 'json' : 'text',
  debug: isDebug(env),
  secrets: [],
});

/** FluxStudio's rule, in which any text does, less the two that mean no. */
export const isDebug = ({ DEBUG = '' }: Readonly<Record<string, string | undefined>>): boolean =>
  DEBUG !== '' && DEBUG !== '0' && DEBUG !== 'false';

export class Narrator {
  readonly #voice: Voice;
  manner: Manner;

  constructor(voice: Voice, manner: Manner) {
    this.#voice = voice;
    this.manner = manner;
  }

  /** `target`: of a fleet's. */
  event(event: Event, target: string | null = null): void {
    if (this.manner.format === 'json') {
      this.#record(event.kind, target === null ? event : { ...event, target });
      return;
    }
    const line = eventLine(event);
    const whose = target === null ? '' : `${printable(target)}: `;
    if (line !== null) console.error(`${whose}${inVoice(line, this.#voice)}`);
    if (this.manner.debug) this.#debug(`${whose}${JSON.stringify(event)}`);
  }

  /** What is no event of the engine's: a question, a signal. */
  say(text: string, target: string | null = null): void {
    const whose = target === null ? {} : { target };
    if (this.manner.format === 'json') this.#record('message', { ...whose, message: text });
    else console.error(printable(target === null ? text : `${target}: ${text.trimStart()}`));
  }

  /** `targets`: those of a fleet whose error it is. */
  error(error: MigrateError, targets: readonly string[] = []): void {
    const origin = this.manner.debug ? causes(error) : [];
    if (this.manner.format === 'json') {
      const more = origin.length === 0 ? {} : { origin: origin.map((text) => this.#hidden(text)) };
      const whose = targets.length === 0 ? {} : { targets };
      this.#record('error', { ...whose, error: errorDocument(error, this.#voice), ...more });
      return;
    }
    console.error(errorText(error, error.report, this.#voice, targets));
    for (const text of origin) this.#debug(text);
  }

  #record(kind: string, fields: object): void {
    console.error(JSON.stringify({ time: new Date().toISOString(), kind, ...fields }));
  }

  #debug(text: string): void {
    console.error(printable(`debug: ${this.#hidden(text)}`));
  }

  #hidden(text: string): string {
    return hiding(this.manner.secrets)(text);
  }
}

/** The error's stack, and those of what caused it. Never the errors whole: some carry what they were given. */
function causes(error: unknown): readonly string[] {
  const texts: string[] = [];
  for (let e = error; e instanceof Error && texts.length < 10; e = e.cause) {
    texts.push(`${texts.length === 0 ? '' : 'caused by '}${e.stack ?? e.message}`);
  }
  return texts;
}
