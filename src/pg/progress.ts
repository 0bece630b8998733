/** What an attempt has heard from the server, and whether it may answer a request for the password. */

import type pg from 'pg';
import type { Database } from '../config/url.ts';
import type { Phase } from './refusal.ts';

const BOUND = 'SCRAM-SHA-256-PLUS';

/** The part of pg's Connection that tells how far it has come. */
interface Wire {
  readonly stream: {
    destroy(error?: Error): unknown;
    once(event: 'secureConnect', heard: () => void): unknown;
  };
  on(event: string, heard: (message: Heard) => void): unknown;
}

interface Heard {
  readonly mechanisms?: readonly string[];
  readonly parameterName?: string;
  readonly parameterValue?: string;
}

const wireOf = (client: pg.Client): Wire => (client as unknown as { connection: Wire }).connection;

export class Progress {
  phase: Phase = 'address';
  readonly parameters = new Map<string, string>();
  readonly #wire: Wire;
  readonly #isTls: boolean;
  readonly #binding: Database['channelBinding'];
  /** SASL's, where the server asked for that. */
  #offered: readonly string[] | null = null;
  /** The server has shown that it knows the password; pg has checked its proof. */
  #isProven = false;

  /** Of a client that has not begun to connect: pg must hear of each event after us. */
  constructor(client: pg.Client, isTls: boolean, binding: Database['channelBinding']) {
    this.#wire = wireOf(client);
    this.#isTls = isTls;
    this.#binding = binding;
    const on = (event: string, heard: (message: Heard) => void) => this.#wire.on(event, heard);
    on('connect', () => this.#reached(isTls ? 'request' : 'login'));
    on('sslconnect', () => {
      this.#reached('handshake');
      this.#wire.stream.once('secureConnect', () => this.#reached('login'));
    });
    on('authenticationSASL', ({ mechanisms }) => {
      this.#offered = mechanisms ?? [];
    });
    on('authenticationSASLFinal', () => {
      this.#isProven = true;
    });
    on('authenticationOk', () => this.#reached('session'));
    on('parameterStatus', ({ parameterName = '', parameterValue = '' }) =>
      this.parameters.set(parameterName, parameterValue),
    );
  }

  #reached(phase: Phase): void {
    this.phase = phase;
  }

  /** Closes the connection without a word. */
  hangUp(why?: Error): void {
    this.#wire.stream.destroy(why);
  }

  /** Why the password must not be given now; null if it may. libpq's words (fe-auth.c), and its reasons. */
  objection(): string | null {
    const offersBound = this.#offered?.includes(BOUND) === true;
    if (offersBound && !this.#isTls)
      return 'server offered SCRAM-SHA-256-PLUS authentication over a non-SSL connection';
    if (this.#binding !== 'require' || offersBound) return null;
    if (this.#offered === null)
      return "channel binding required but not supported by server's authentication request";
    return this.#isTls
      ? 'channel binding is required, but server did not offer an authentication method that supports channel binding'
      : 'channel binding required, but SSL not in use';
  }

  /** The same once the server has let us in. A server without the password may have asked for none, or skipped its proof. */
  lateObjection(): string | null {
    const isBound = this.#isTls && this.#offered?.includes(BOUND) === true && this.#isProven;
    return this.#binding === 'require' && !isBound
      ? 'channel binding required, but server authenticated client without channel binding'
      : null;
  }
}
