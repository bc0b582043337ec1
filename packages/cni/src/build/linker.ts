#!/usr/bin/env node
/** The linker that scriptc runs: gcc, with a static libc. scriptc speaks to clang, whose `-target` gcc does not know. */
import { spawnSync } from 'node:child_process';

const given = process.argv.slice(2);
const args = given.filter((argument, index) => argument !== '-target' && given[index - 1] !== '-target');
const { status } = spawnSync('gcc', ['-static', ...args], { stdio: 'inherit' });
process.exit(status ?? 1);
