/** How a run meets the locks of other sessions: how long it waits for them, and how often it tries again. */

export interface Patience {
  /** lock_timeout of the statements; 0: as the session has it. */
  readonly timeoutMs: number;
  /** In all. */
  readonly attempts: number;
  /** The first pause; each further one is twice as long, up to ten times the first. */
  readonly delayMs: number;
  /** How many sessions may wait behind us before we let them pass; 0: any number. */
  readonly queue: number;
  /** From 0 to 1. */
  readonly chance: () => number;
}

/** Before the attempt after that one. By chance between half and all of it, so that two that met do not meet again. */
export const pauseAfter = (attempt: number, { delayMs, chance }: Patience): number =>
  Math.round(Math.min(delayMs * 2 ** (attempt - 1), delayMs * 10) * (0.5 + chance() / 2));
