/**
 * docs/config.schema.json as a module: ajv's generated code, so that no run compiles a schema, and the schema
 * without its descriptions. It exists only while esbuild or vitest asks for it. Plain JavaScript, as it runs before
 * anything is compiled.
 */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';

const NAME = 'virtual:config-validator';
const path = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs', 'config.schema.json');

/** What is for people to read, and `$schema`, which ajv would fetch from itself. */
const SPARED = ['$schema', 'title', 'description', 'examples'];

function moduleText() {
  const schema = JSON.parse(readFileSync(path, 'utf8'), (key, value) =>
    SPARED.includes(key) && typeof value !== 'object' ? undefined : value,
  );
  const ajv = new Ajv({
    allErrors: true,
    // Everything arrives as text (src/config/layer.ts).
    coerceTypes: true,
    allowUnionTypes: true,
    messages: false,
    keywords: ['errorMessage'],
    code: { source: true, esm: true },
  });
  const code = standalone.default(ajv, ajv.compile(schema));
  if (code.includes('require(')) throw new Error('the validator would need ajv at run time');
  return `${code}\nexport const schema = ${JSON.stringify(schema)};\n`;
}

/** For esbuild. */
export const validatorPlugin = {
  name: 'config-validator',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^${NAME}$`) }, () => ({ path: NAME, namespace: 'config-validator' }));
    onLoad({ filter: /.*/, namespace: 'config-validator' }, () => ({
      contents: moduleText(),
      loader: 'js',
      watchFiles: [path],
    }));
  },
};

/** For vite, which wants a NUL in front of a name that is no file's. */
export const viteValidatorPlugin = {
  name: 'config-validator',
  resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
  load: (id) => (id === `\0${NAME}` ? moduleText() : undefined),
};
