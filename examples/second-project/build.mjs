import { build } from 'esbuild';
import { rungs } from 'rungs/esbuild';

await build({
  entryPoints: ['src/harbour.ts'],
  outfile: 'dist/harbour.mjs',
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // The PostgreSQL in production.
  plugins: [rungs({ serverVersion: 16 })],
});
