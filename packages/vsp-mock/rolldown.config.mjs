import { defineConfig } from 'rolldown';

export default defineConfig({
  input: { index: 'src/index.ts' },
  platform: 'node',
  resolve: { conditionNames: ['source', 'import', 'node', 'default'] },
  output: { dir: 'dist/bundle', entryFileNames: '[name].mjs', format: 'esm', codeSplitting: false },
});
