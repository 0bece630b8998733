/** Waits; wakes at once, without an error, when the signal aborts. Whoever pauses looks at the signal afterwards. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener('abort', wake, { once: true });
  });
}

/** Lets everything else that has something to do go first: signals, other requests of a service. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
