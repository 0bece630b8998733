import { createInterface } from 'node:readline';

/** Asks on stderr, so that stdout stays the result's. End of input is an empty answer, and so is the signal. */
export function ask(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    lines.once('close', () => resolve(''));
    signal.addEventListener('abort', () => lines.close(), { once: true });
    // On a terminal that readline reads, Ctrl-C is a key.
    lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    lines.question(question, (answer) => {
      resolve(answer);
      lines.close();
    });
  });
}
