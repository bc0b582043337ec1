import { defineConfig } from 'rolldown';

export default defineConfig({
  input: { 'dpu-vsp': 'src/host/main.ts' },
  platform: 'node',
  resolve: { conditionNames: ['source', 'import', 'node', 'default'] },
  output: {
    dir: 'dist/bundle',
    format: 'esm',
    entryFileNames: '[name].mjs',
    banner: '#!/usr/bin/env node',
    codeSplitting: false,
    // Half the text to parse is half a megabyte of memory for as long as the VSP runs.
    minify: true,
  },
});
