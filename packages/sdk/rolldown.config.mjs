import { defineConfig } from 'rolldown';
import { ascii, leaveOut } from '../../rolldown.shared.mjs';

/** For services that are not used (channelz, ORCA); the definitions of ours are made without it. */
const unused = { '@grpc/proto-loader': ['loadSync'] };

export default defineConfig({
  input: { 'dpu-vsp': 'src/host/main.ts' },
  platform: 'node',
  plugins: [leaveOut(unused, '.js'), ascii],
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
