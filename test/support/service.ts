/** A service of the examples: a process that logs a JSON object a line, and answers on a port that it chose. */

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach } from 'vitest';

export type Line = Readonly<Record<string, unknown>>;

export interface Service {
  /** What it has logged. */
  readonly lines: readonly Line[];
  /** The first such line, there already or still to come; fails if the service ends without one. */
  readonly hears: (what: (line: Line) => boolean) => Promise<Line>;
  readonly says: (event: string) => Promise<Line>;
  readonly get: (path: string) => Promise<{ readonly status: number; readonly body: unknown }>;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

const running = new Set<Service>();

afterEach(async () => {
  for (const service of running) service.kill('SIGKILL');
  for (const service of running) await service.ended;
});

/** `node FILE` in a folder; besides PATH and HOME, `env` is all there is. */
export function start(folder: string, file: string, env: Readonly<Record<string, string>>): Service {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [file], {
    cwd: folder,
    env: { PATH, HOME, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Line[] = [];
  let stderr = '';
  let look = () => {};
  createInterface(child.stdout).on('line', (text) => {
    lines.push(parsed(text));
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((done) =>
    child.once('close', (code) => done({ code, stderr })),
  );
  const hears = (what: (line: Line) => boolean) =>
    new Promise<Line>((done, fail) => {
      const before = look;
      look = () => {
        before();
        const line = lines.find(what);
        if (line !== undefined) done(line);
      };
      look();
      void ended.then(({ code }) =>
        fail(new Error(`it ended (${code}) without it:\n${JSON.stringify(lines, null, 1)}\n${stderr}`)),
      );
    });
  const says = (event: string) => hears((line) => line.event === event);
  const get = async (path: string) => {
    const port = portIn(await hears((line) => portIn(line) !== null));
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, body: await answer.json() };
  };
  const service: Service = { lines, hears, says, get, kill: (signal) => void child.kill(signal), ended };
  running.add(service);
  void ended.then(() => running.delete(service));
  return service;
}

/** Ours says it in `port`, Fastify in a sentence. */
function portIn({ port, msg }: Line): unknown {
  return port ?? /^Server listening at http:.*:(\d+)$/.exec(String(msg))?.[1] ?? null;
}

function parsed(text: string): Line {
  try {
    return JSON.parse(text);
  } catch {
    return { event: 'not-json', text };
  }
}

/** Where nobody listens. */
export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
