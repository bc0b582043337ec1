#!/usr/bin/env node
/** The linker that scriptc runs: gcc, with a static libc. */
import { spawnSync } from 'node:child_process';
import { withoutTarget } from './scriptc.ts';

const { status } = spawnSync('gcc', ['-static', ...withoutTarget(process.argv.slice(2))], { stdio: 'inherit' });
process.exit(status ?? 1);
