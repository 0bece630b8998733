/** How much memory a process had at most. */

import type { CliResult } from './cli.ts';

/**
 * In NODE_OPTIONS. Where the system says what is the process's own, that: to `maxRSS`, Linux adds what its parent had when
 * it was begun, and a test's parent has much.
 */
export const TELLS_MEMORY = `--import=data:text/javascript,${encodeURIComponent(
  `import{readFileSync}from"node:fs";process.on("exit",()=>{let most=process.resourceUsage().maxRSS;` +
    `try{most=/^VmHWM:\\s+(\\d+)/m.exec(readFileSync("/proc/self/status","utf8"))[1]}catch{}` +
    `console.error("most memory:",most,"KB")})`,
)}`;

/** In KB. */
export const mostMemory = ({ stderr }: CliResult): number =>
  Number(/^most memory: (\d+) KB$/m.exec(stderr)?.[1]);
