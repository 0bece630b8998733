/**
 * pg as our programs need it: its client, for Node. Plain JavaScript, because build/compile.mjs needs it before
 * anything is compiled.
 */

/** Its pool and its binding to libpq are a tenth of a bundle, and Node reads all of that. */
const UNUSED = /^(pg-pool|\.\/native)$/;

/**
 * To find out whether it runs at Cloudflare, pg makes a Response where there is no `navigator` to ask (Node 20). Node then
 * loads fetch, HTTP/2 and the worker threads: a third of what an `up` with nothing to do took.
 */
const STREAM = /[\\/]node_modules[\\/]pg[\\/]lib[\\/]stream\.js$/;
const ON_NODE = `
exports.getStream = () => new (require('net').Socket)();
exports.getSecureStream = (options) => require('tls').connect(options);
`;

export const driverPlugin = {
  name: 'rungs-driver',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'rungs-unused' }));
    onLoad({ filter: /./, namespace: 'rungs-unused' }, () => ({ contents: 'module.exports = class {};' }));
    onLoad({ filter: STREAM }, () => ({ contents: ON_NODE }));
  },
};
