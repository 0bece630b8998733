import { createInterface } from 'node:readline';

/** Asks on stderr, so that stdout stays the result's. End of input is an empty answer, and so is the signal. */
export function ask(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  let isAnswered = false;
  return new Promise((resolve) => {
    lines.once('close', () => {
      // What is said next is not to stand behind the question.
      if (!isAnswered) process.stderr.write('\n');
      resolve('');
    });
    signal.addEventListener('abort', () => lines.close(), { once: true });
    // On a terminal that readline reads, Ctrl-C is a key.
    lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    lines.question(question, (answer) => {
      isAnswered = true;
      resolve(answer);
      lines.close();
    });
  });
}
