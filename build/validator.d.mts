import type { Plugin } from 'esbuild';

export const validatorPlugin: Plugin;

export const viteValidatorPlugin: {
  readonly name: string;
  readonly resolveId: (id: string) => string | undefined;
  readonly load: (id: string) => string | undefined;
};
