/**
 * Makes the program of another architecture, such as `dist/linux-arm64/dpu-cni` for the DPUs' own processors: scriptc
 * writes C, which a cross compiler compiles with scriptc's runtime. `node src/build/cross.ts [arm64 | x64]`
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hashOfInputs } from './compile.ts';
import { dist, scriptcBuild, withoutTarget } from './scriptc.ts';

/** As Debian calls them: packages gcc-aarch64-linux-gnu and libc6-dev-arm64-cross, and their like. */
const compilers: Readonly<Record<string, string>> = {
  arm64: 'aarch64-linux-gnu-gcc',
  x64: 'x86_64-linux-gnu-gcc',
};

interface SourceSet {
  sources: string[];
  include_directories: string[];
  defines: string[];
  c_flags: string[];
}

/** What scriptc says is to be linked (`--print=native-link-info`). */
interface LinkInfo {
  runtime_pack: { root: string; source_sets: SourceSet[] };
  link: { driver_flags: string[]; system_libraries: string[] };
}

const architecture = process.argv[2] ?? 'arm64';
const compiler = compilers[architecture];
if (compiler === undefined) throw new Error(`there is no ${architecture}, only ${Object.keys(compilers).join(', ')}`);

const program = join(dist, `linux-${architecture}`, 'dpu-cni');
/** Says of what the program was made. */
const record = `${program}.inputs`;
const inputs = await hashOfInputs();
const scratch = await mkdtemp(join(tmpdir(), 'dpu-cni-'));
try {
  if ((await readFile(record, 'utf8').catch(() => undefined)) !== inputs) await compile(compiler);
  console.log(program);
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function compile(gcc: string): Promise<void> {
  const main = join(scratch, 'main.c');
  await scriptcBuild('--emit=c', '--out', main);
  const { runtime_pack: runtime, link }: LinkInfo = JSON.parse(
    await scriptcBuild('--print=native-link-info', '--out', join(scratch, 'main.o')),
  );
  const commands: string[][] = [];
  const objects: string[] = [];
  const add = (file: string, set: SourceSet) => {
    const object = join(scratch, `${objects.length}.o`);
    objects.push(object);
    const defines = set.defines.map((name) => `-D${name}`);
    const includes = set.include_directories.map((path) => `-I${join(runtime.root, path)}`);
    commands.push([...withoutTarget(set.c_flags), ...defines, ...includes, '-c', file, '-o', object]);
  };
  for (const set of runtime.source_sets) {
    for (const path of set.sources) add(join(runtime.root, path), set);
  }
  const [first] = runtime.source_sets;
  if (first) add(main, first);
  const run = promisify(execFile);
  const worker = async () => {
    for (let args = commands.shift(); args; args = commands.shift()) await run(gcc, args);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  await mkdir(join(program, '..'), { recursive: true });
  const draft = `${program}.${process.pid}`;
  const libraries = link.system_libraries.map((name) => `-l${name}`);
  await run(gcc, ['-static', '-s', ...withoutTarget(link.driver_flags), ...objects, ...libraries, '-o', draft]);
  await rename(draft, program);
  await writeFile(record, inputs);
}
