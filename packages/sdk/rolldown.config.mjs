import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';
import { ascii, leaveOut, licences } from '../../rolldown.shared.mjs';

/** For services that are not used (channelz, ORCA); the definitions of ours are made without it. */
const unused = { '@grpc/proto-loader': ['loadSync'] };

/** Without what prom-client has besides: clusters, push gateways and their dependencies. */
const prometheus = {
  name: 'prometheus',
  resolveId: (id) => (id === 'prom-client' ? '\0prom-client' : undefined),
  load: (id) => {
    if (id !== '\0prom-client') return;
    const modules = ['Counter', 'Gauge', 'Histogram', 'Registry'];
    return modules
      .map((name) => `export { default as ${name} } from 'prom-client/lib/${name.toLowerCase()}.js';`)
      .join('\n');
  },
};

const common = {
  platform: 'node',
  plugins: [leaveOut(unused, '.js'), prometheus, ascii, licences],
  resolve: { conditionNames: ['source', 'import', 'node', 'default'] },
};

/** What is published: each entry of publishConfig with all it needs, as an installed plugin shall bring little along. */
const published = Object.values(JSON.parse(readFileSync('package.json', 'utf8')).publishConfig.exports)
  .filter((target) => typeof target === 'object')
  .map(({ types, default: file }) => [
    file.slice('./dist/lib/'.length, -'.js'.length),
    types.replace('./dist/', './src/').replace('.d.ts', '.ts'),
  ]);

export default defineConfig([
  {
    ...common,
    input: { 'dpu-vsp': 'src/host/command/main.ts' },
    output: {
      dir: 'dist/bundle',
      cleanDir: true,
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name].mjs',
      banner: (chunk) => (chunk.isEntry ? '#!/usr/bin/env node' : ''),
      // Half the text to parse is half a megabyte of memory for as long as the VSP runs.
      minify: true,
    },
  },
  {
    ...common,
    input: Object.fromEntries(published),
    output: {
      dir: 'dist/lib',
      cleanDir: true,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'shared/[name].js',
    },
  },
]);
