import { defineConfig } from 'rolldown';
import { ascii, leaveOut, licences } from '../../rolldown.shared.mjs';

/** For services of grpc-js that are not used (channelz, ORCA). */
const unused = { '@grpc/proto-loader': ['loadSync'] };

/** What ssh2 tries to load and does without: it makes ciphers faster. */
const native = {
  name: 'native',
  resolveId: (id) => (id === 'cpu-features' || id.endsWith('.node') ? { id, external: true } : undefined),
};

export default defineConfig({
  input: { index: 'src/index.ts' },
  platform: 'node',
  plugins: [leaveOut(unused, '.js'), native, ascii, licences],
  resolve: { conditionNames: ['source', 'import', 'node', 'default'] },
  output: { dir: 'dist/bundle', entryFileNames: '[name].mjs', format: 'esm', codeSplitting: false, minify: true },
});
