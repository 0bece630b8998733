import { build } from 'esbuild';
import { rungs } from 'rungs/esbuild';

await build({
  entryPoints: ['src/server.ts'],
  outfile: 'dist/server.cjs',
  bundle: true,
  platform: 'node',
  // Fastify and what it needs are CommonJS, which asks for Node's modules with `require`.
  format: 'cjs',
  target: 'node20',
  plugins: [rungs()],
});
