import { createInterface } from 'node:readline';

/** Asks on stderr, so that stdout stays the result's. End of input is an empty answer. */
export function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    lines.once('close', () => resolve(''));
    lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    lines.question(question, (answer) => {
      resolve(answer);
      lines.close();
    });
  });
}
