import { defineConfig } from 'rolldown';

/**
 * Of the Kubernetes client only KubeConfig is used. It pulls in undici, the generated API and agents for proxies, which
 * cost 25 MB of memory in every process and are never called: requests go through node:https
 * (src/kube/api-client.ts), and a pod reaches its API server without a proxy.
 */
const unused = {
  undici: ['Agent', 'ProxyAgent'],
  './gen/index.js': ['createConfiguration', 'ServerConfiguration'],
  hpagent: ['HttpProxyAgent', 'HttpsProxyAgent'],
  socks: ['SocksClient'],
  'socks-proxy-agent': ['SocksProxyAgent'],
};

const leaveOutUnused = {
  name: 'leave-out-unused',
  resolveId(id, importer) {
    if (id in unused && importer?.endsWith('/client-node/dist/config.js')) return `\0unused:${id}`;
  },
  load(id) {
    if (!id.startsWith('\0unused:')) return;
    const name = id.slice('\0unused:'.length);
    const message = JSON.stringify(`${name} is not in this bundle: see rolldown.config.mjs`);
    return unused[name]
      .map((symbol) => `export class ${symbol} { constructor() { throw new Error(${message}); } }`)
      .join('\n');
  },
};

/** Packages whose modules do nothing when they are imported, so that unused ones can be dropped. */
const pure = /@kubernetes\/client-node|\/openid-client\/|\/hpagent\/|\/socks|\/jsonpath-plus\/|\/rfc4648\/|\/ws\//;

export default defineConfig({
  input: {
    operator: 'src/operator/main.ts',
    daemon: 'src/daemon/main.ts',
    'generate-manifests': 'src/manifests/main.ts',
  },
  platform: 'node',
  plugins: [leaveOutUnused],
  resolve: { conditionNames: ['source', 'import', 'node', 'default'] },
  treeshake: {
    moduleSideEffects: [
      { test: pure, sideEffects: false },
      { test: /./, sideEffects: true },
    ],
  },
  output: {
    dir: 'dist/bundle',
    format: 'esm',
    // Half the source text, all of which stays in memory; names stay, for stack traces.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    entryFileNames: '[name].mjs',
    chunkFileNames: 'chunks/[name]-[hash].mjs',
    cleanDir: true,
  },
});
