import { fileURLToPath } from 'node:url';
import { defineConfig } from 'rolldown';
import { ascii, httpAlone, leaveOut, licences } from '../../rolldown.shared.mjs';

/**
 * Of the Kubernetes client only KubeConfig is used. It pulls in undici, the generated API and agents for proxies, which
 * cost 25 MB of memory in every process and are never called: requests go through node:https
 * (src/kube/client/api-client.ts), and a pod reaches its API server without a proxy.
 */
const unused = {
  undici: ['Agent', 'ProxyAgent'],
  './gen/index.js': ['createConfiguration', 'ServerConfiguration'],
  hpagent: ['HttpProxyAgent', 'HttpsProxyAgent'],
  socks: ['SocksClient'],
  'socks-proxy-agent': ['SocksProxyAgent'],
};

/** For services that are not used: channelz and ORCA. */
const unusedByGrpc = { '@grpc/proto-loader': ['loadSync'] };

/** Packages whose modules do nothing when they are imported, so that unused ones can be dropped. */
const pure = /@kubernetes\/client-node|\/openid-client\/|\/hpagent\/|\/socks|\/jsonpath-plus\/|\/rfc4648\/|\/ws\//;

const polyfill = JSON.stringify(fileURLToPath(import.meta.resolve('reflect-metadata')));

/** In a chunk of two programs tsyringe would come before what their first lines import. */
const polyfilled = {
  name: 'polyfilled',
  transform: {
    filter: { id: /\/tsyringe\/dist\/cjs\/index\.js$/ },
    handler: (code) => `require(${polyfill});\n${code}`,
  },
};

const common = {
  platform: 'node',
  plugins: [
    leaveOut(unused, '/client-node/dist/config.js'),
    leaveOut(unusedByGrpc, '.js'),
    httpAlone,
    polyfilled,
    ascii,
  ],
  resolve: { conditionNames: ['source', 'import', 'node', 'default'] },
  treeshake: {
    moduleSideEffects: [
      { test: pure, sideEffects: false },
      { test: /./, sideEffects: true },
    ],
  },
};

const output = {
  format: 'esm',
  // Half the source text, all of which stays in memory; names stay, for stack traces.
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  entryFileNames: '[name].mjs',
  chunkFileNames: 'chunks/[name]-[hash].mjs',
  cleanDir: true,
};

/** What the operator's image has. */
const image = defineConfig({
  ...common,
  plugins: [...common.plugins, licences],
  input: {
    operator: 'src/operator/main.ts',
    daemon: 'src/daemon/main.ts',
    'plugin-install': 'src/plugins/install/main.ts',
    certificates: 'src/trust/x509/program.ts',
    dpuctl: 'src/dpuctl/main.ts',
    'migrate-node': 'src/migrate/node/main.ts',
    injector: 'src/injector/main.ts',
    'generate-manifests': 'src/manifests/main.ts',
  },
  output: { ...output, dir: 'dist/bundle' },
});

/** What is published, for `dpu-vsp dev`. dpu-cni is a program of its own and brings its runtime. */
const harness = defineConfig({
  ...common,
  plugins: [...common.plugins, licences],
  input: { index: 'src/dev/index.ts', node: 'src/dev/sides/node.ts' },
  external: ['@dpu-operator/cni'],
  output: { ...output, dir: 'dist/harness' },
});

export default [image, harness];
