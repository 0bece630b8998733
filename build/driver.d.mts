import type { Plugin } from 'esbuild';

export const driverPlugin: Plugin;
