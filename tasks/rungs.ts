#!/usr/bin/env node
/**
 * The program is one file beside this one (build/compile.mjs), and CommonJS: it asks for a built-in module when it comes to
 * it. As forty ES modules it took Node a third longer to start.
 */
import { createRequire } from 'node:module';
import type { main } from './_run.ts';

const program: { main: typeof main } = createRequire(import.meta.url)('./program.cjs');
process.exitCode = await program.main(process.argv.slice(2));
