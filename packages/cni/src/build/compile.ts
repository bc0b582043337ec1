/**
 * Makes the program of this machine's architecture: machine code, compiled from main.ts by scriptc and linked with a
 * static libc, so that it runs on every node. `node src/build/compile.ts`
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dist, scriptcBuild, scriptcManifest, source } from './scriptc.ts';

const directory = join(dist, `linux-${process.arch}`);
const program = join(directory, 'dpu-cni');
/** Says of what the program was made. */
const record = `${program}.inputs`;

/** Compiles what has changed. @returns the program's path. @throws Error with what the compiler says */
export async function compileProgram(): Promise<string> {
  const inputs = await hashOfInputs();
  const made = await readFile(record, 'utf8').catch(() => undefined);
  if (made === inputs) return program;
  await requireGcc();
  await mkdir(directory, { recursive: true });
  // Several may do this at the same time: each in a directory of its own, and the last one stays.
  const own = await mkdtemp(join(directory, 'compile-'));
  try {
    const file = join(own, 'dpu-cni');
    await scriptcBuild('--strip', '--no-keep-c', '--out', file);
    await rename(file, program);
    await writeFile(record, inputs);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
  return program;
}

/** Another value for each other source and compiler. */
export async function hashOfInputs(): Promise<string> {
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'));
  const paths = [...files.map(({ parentPath, name }) => join(parentPath, name)), scriptcManifest].sort();
  const hash = createHash('sha256');
  for (const path of paths) hash.update(path).update(await readFile(path));
  return hash.digest('hex');
}

async function requireGcc(): Promise<void> {
  // Without it gcc answers with the name alone.
  const libc = await promisify(execFile)('gcc', ['-print-file-name=libc.a']).catch(() => undefined);
  if (libc && existsSync(libc.stdout.trim())) return;
  throw new Error(
    'dpu-cni needs gcc and a static libc to be linked; on Debian or Ubuntu: apt-get install gcc libc6-dev',
  );
}

if (import.meta.main) console.log(await compileProgram());
