import { defineConfig } from 'rolldown';
import { ascii } from '../../rolldown.shared.mjs';

export default defineConfig({
  input: { index: 'src/index.ts' },
  platform: 'node',
  plugins: [ascii],
  resolve: { conditionNames: ['source', 'import', 'node', 'default'] },
  output: { dir: 'dist/bundle', entryFileNames: '[name].mjs', format: 'esm', codeSplitting: false, minify: true },
});
