/**
 * Makes the program of this machine's architecture: machine code, compiled from main.ts by scriptc and linked with a static libc, so that it runs on
 * every node. `node src/build/compile.ts`
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const source = dirname(import.meta.dirname);
const dist = join(dirname(source), 'dist', `linux-${process.arch}`);
const program = join(dist, 'dpu-cni');
/** Says of what the program was made. */
const record = `${program}.inputs`;
const scriptc = dirname(createRequire(import.meta.url).resolve('scriptc/package.json'));

/** Compiles what has changed. @returns the program's path. @throws Error with what the compiler says */
export async function compileProgram(): Promise<string> {
  const inputs = await hashOfInputs();
  const made = await readFile(record, 'utf8').catch(() => undefined);
  if (made === inputs) return program;
  await requireGcc();
  await mkdir(dist, { recursive: true });
  // Several may do this at the same time: each in a directory of its own, and the last one stays.
  const directory = await mkdtemp(join(dist, 'compile-'));
  try {
    const file = join(directory, 'dpu-cni');
    await scriptcBuild(file);
    await rename(file, program);
    await writeFile(record, inputs);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return program;
}

async function scriptcBuild(file: string): Promise<void> {
  const main = join(source, 'main.ts');
  const args = ['build', main, '--ffi', join(source, 'system.json'), '--strip', '--no-keep-c', '--out', file];
  const env = {
    ...process.env,
    // The linker is a script for this Node.
    PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter),
    SCRIPTC_LINKER: join(import.meta.dirname, 'linker.ts'),
    SCRIPTC_NO_CACHE: '1',
  };
  await promisify(execFile)(process.execPath, [join(scriptc, 'dist/bootstrap.js'), ...args], { env });
}

async function hashOfInputs(): Promise<string> {
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'));
  const paths = [...files.map(({ parentPath, name }) => join(parentPath, name)), join(scriptc, 'package.json')].sort();
  const hash = createHash('sha256');
  for (const path of paths) hash.update(path).update(await readFile(path));
  return hash.digest('hex');
}

async function requireGcc(): Promise<void> {
  await promisify(execFile)('gcc', ['--version']).catch(() => {
    throw new Error('dpu-cni needs gcc to be linked; on Debian or Ubuntu: apt-get install gcc libc6-dev');
  });
}

if (import.meta.main) console.log(await compileProgram());
